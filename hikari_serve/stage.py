"""What travels between the cascade and a stage: the item, the result, and the `Stage` protocol.

A stage may live in this process, in a runner beside it or on another machine; these types are
the same in all three, as objects or as JSON (bytes become base64 there).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_PRIORITY = 5
"""Priorities run from 1, served first, to 9, as Triton counts them: lower is sooner."""


class Frozen(BaseModel):
    """Base of every value that travels: immutable, strict about unknown fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class Item(Frozen):
    """One request to one stage.

    Attributes:
        id: The request's id, for logs and traces.
        model: Name of the model.
        version: Its version; None takes the newest that is loaded.
        view: The picture as the model's preprocessing makes it, losslessly encoded.
        content: SHA-256 of the picture's file as it came, in hexadecimal.
        inputs: What earlier stages found, by the model's input names: a label id, or the ids of
            retrieved cases; and a description that came with the request.
        index: Digest of the reference index that the case ids belong to.
        cases: How many reference cases to retrieve; None takes the model's own number.
        deadline: When the answer is worthless, in seconds since the Unix epoch.
        priority: From 1 (first) to 9.
        traceparent: W3C trace context of the request.
    """

    id: str
    model: str
    version: int | None = None
    view: bytes
    content: str | None = None
    inputs: Mapping[str, str | tuple[str, ...]] = {}
    index: str | None = None
    cases: int | None = Field(None, ge=1)
    deadline: float
    priority: int = Field(DEFAULT_PRIORITY, ge=1, le=9)
    traceparent: str | None = None


Decision = Literal["answered", "abstained", "unknown"]


class Classification(Frozen):
    """A label out of a closed set, with how sure the model is.

    Attributes:
        label: The most probable label's id, or None if the model does not know.
        display_name: The label in words.
        probability: Of `label`, or of the most probable label when it is None.
        scores: Probability of every label id, summing to 1, the most probable first.
        names: The words for each label id.
        aliases: Other words for a label id, by which a caption may name it.
        groups: The group's id of each label id that has one.
        label_mass: Share of the model's own belief that lies inside the label set at all.
        decision: `unknown` whenever `label_mass` is low, however peaked `scores` is.
        reason: Why the decision is not `answered`.
    """

    kind: Literal["classification"] = "classification"
    label: str | None
    display_name: str | None
    probability: float
    scores: Mapping[str, float]
    names: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]] = {}
    groups: Mapping[str, str] = {}
    label_mass: float
    decision: Decision
    reason: str | None = None


class Caption(Frozen):
    """A description in words; `finish_reason` is `length` where it was cut."""

    kind: Literal["caption"] = "caption"
    text: str
    finish_reason: Literal["stop", "length"]


class ReferenceCase(Frozen):
    """A retrieved case; what is shown of it is the reference model's `expose`.

    Attributes:
        id: The case's id in the index.
        similarity: Cosine similarity of its picture's embedding to the query's, from -1 to 1.
        score: What ranked it, where its words took part: a mean of `similarity` and theirs.
        label: Its disease, if shown.
        caption: Its description, if shown.
        image: The encoded picture, if shown.
    """

    id: str
    similarity: float
    score: float | None = None
    label: str | None = None
    caption: str | None = None
    image: bytes | None = None


class Retrieval(Frozen):
    """Retrieved cases.

    Attributes:
        index: Digest of the index that they came from.
        cases: The best first, as the reference model's `expose` shows them.
        labels: The disease of each case, for comparing; no answer shows it.
    """

    kind: Literal["retrieval"] = "retrieval"
    index: str
    cases: tuple[ReferenceCase, ...]
    labels: tuple[str, ...] = ()


Output = Classification | Caption | Retrieval


class Provenance(Frozen):
    """What produced a result: equal provenance and equal pixels give equal answers.

    Labels, words and cases are equal; numbers to 1e-5, because a batch changes the order of sums.

    Attributes:
        model: Name of the model.
        version: Its version.
        weights: SHA-256 digest of the version's files.
        revision: Commit of the hub that they were pulled from, if they were.
        base: Digest of the weights that they are an adapter of, if they are one.
        engine: What ran the weights, with its version.
        dtype: Precision of the arithmetic.
        quantization: How the weights were compressed, if they were.
        preprocessing: Id of the view's preprocessing.
        prompt: Name and digest of the prompt layout, if prompted.
        labels: Name and digest of the label set, if it classifies.
        temperature: What its probabilities were calibrated with, if they were.
        thinking: How the checkpoint's thinking was handled, if prompted.
        index: Digest of the reference index, if one was used.
        description: SHA-256 of the words about the picture, if some were compared.
    """

    model: str
    version: int
    weights: str
    revision: str | None = None
    base: str | None = None
    engine: str
    dtype: str
    quantization: str | None = None
    preprocessing: str
    prompt: str | None = None
    labels: str | None = None
    temperature: float | None = None
    thinking: str | None = None
    index: str | None = None
    description: str | None = None


class StageResult(Frozen):
    """A stage's answer.

    Attributes:
        output: What the model found.
        provenance: What produced it.
        queue_ms: Milliseconds between arrival and the engine's start.
        compute_ms: Milliseconds from the start to the answer, shared by the batch.
        batch_size: How many items the engine ran together.
    """

    output: Annotated[Output, Field(discriminator="kind")]
    provenance: Provenance
    queue_ms: float
    compute_ms: float
    batch_size: int

    def field(self, name: str) -> str | tuple[str, ...] | None:
        """The value that a model's output tensor `name` wires to later stages.

        None when the model does not know: an unsure answer is not passed on as a sure one.
        """
        output = self.output
        if isinstance(output, Classification) and name == "label":
            return output.label
        if isinstance(output, Caption) and name == "text":
            return output.text
        if isinstance(output, Retrieval) and name == "cases":
            return tuple(case.id for case in output.cases) or None
        return None


OnText = Callable[[str], None]
"""Receives the words of a generated answer as they come."""


class Stage(Protocol):
    """A node of a cascade, wherever it runs."""

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; cancelling the call stops the work.

        Raises:
            HikariError: The stage could not answer.
        """

    async def ready(self) -> None:
        """Returns when the stage can answer.

        Raises:
            Unavailable: It cannot, and why.
        """
