"""What travels between the cascade and a stage: the item, the result, and the `Stage` protocol.

A stage may live in this process, in a runner beside it or on another machine; these types are
the same in all three, as objects or as JSON (bytes become base64 there).
"""

from base64 import b64encode
from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from hikari_serve.errors import Mismatch

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
        digests: What the model must have been made of where it answers: the digest of its
            `config`, and the name and digest of its `labels`.
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
    digests: Mapping[str, str] = {}
    cases: int | None = Field(None, ge=1)
    deadline: float = Field(allow_inf_nan=False)
    priority: int = Field(DEFAULT_PRIORITY, ge=1, le=9)
    traceparent: str | None = None

    @property
    def key(self) -> Hashable:
        """Equal for items of one model whose answers are equal."""
        view = sha256(self.view).digest()
        return view, self.content, tuple(sorted(self.inputs.items())), self.index, self.cases


Decision = Literal["answered", "abstained", "unknown"]


class Classification(Frozen):
    """A label out of a closed set, with how sure the model is.

    Attributes:
        label: The most probable label's id, or None if the model does not know.
        display_name: The label in words.
        probability: Of `label`, or of the most probable label when it is None; None where the
            label was read from words, which carry none.
        scores: Probability of every label id, summing to 1, the most probable first; empty where
            there are none.
        names: The words for each label id.
        aliases: Other words for a label id, by which a caption may name it.
        groups: The group's id of each label id that has one.
        label_mass: Share of the model's own belief that lies inside the label set at all, where
            it is known.
        decision: `unknown` whenever `label_mass` is low, however peaked `scores` is.
        reason: Why the decision is not `answered`.
        written: What the model wrote, where the label was read from it.
        cases_shown: How many of the reference cases that it was given the model was shown; None
            where it was given none.
    """

    kind: Literal["classification"] = "classification"
    label: str | None
    display_name: str | None
    probability: float | None = None
    scores: Mapping[str, float] = {}
    names: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]] = {}
    groups: Mapping[str, str] = {}
    label_mass: float | None = None
    decision: Decision
    reason: str | None = None
    written: str | None = None
    cases_shown: int | None = None


class Description(Frozen):
    """A description in words; `finish_reason` is `length` where it was cut."""

    kind: Literal["description"] = "description"
    text: str
    finish_reason: Literal["stop", "length"]


def _standard_base64(data: bytes) -> str:
    return b64encode(data).decode()


Picture = Annotated[bytes, PlainSerializer(_standard_base64, when_used="json")]
"""A picture in an answer; in JSON as base64 in the alphabet that `base64 -d` and `atob` read."""


class ReferenceCase(Frozen):
    """A retrieved case; what is shown of it is the reference model's `expose`.

    Attributes:
        id: The case's id in the index.
        similarity: Cosine similarity of its picture's embedding to the query's, from -1 to 1.
        score: What ranked it, where its words took part: a mean of `similarity` and theirs.
        label: Its disease, if shown.
        caption: Its description, if shown.
        image: The picture, upright and without metadata, as JPEG, if shown.
    """

    id: str
    similarity: float
    score: float | None = None
    label: str | None = None
    caption: str | None = None
    image: Picture | None = None


class Retrieval(Frozen):
    """Retrieved cases.

    Attributes:
        index: Digest of the index that they came from.
        cases: The best first, as the reference model's `expose` shows them.
        labels: The disease of each case, for comparing; no answer shows it.
        nearest: Cosine similarity of the nearest case, which words may have kept out of `cases`;
            None without cases.
        typicality: Share of the index's own cases that are at least as far from the nearest other
            one as the picture is from its nearest; None where that is not known.
    """

    kind: Literal["retrieval"] = "retrieval"
    index: str
    cases: tuple[ReferenceCase, ...]
    labels: tuple[str, ...] = ()
    nearest: float | None = None
    typicality: float | None = None

    @property
    def nearest_distance(self) -> float | None:
        """One minus the similarity of the nearest case, from 0 to 2; None without cases."""
        similarities = [case.similarity for case in self.cases]
        if self.nearest is not None:  # a runner of another release may not say
            similarities.append(self.nearest)
        return round(1 - max(similarities), 6) if similarities else None


Output = Classification | Description | Retrieval


class Provenance(Frozen):
    """What produced a result: equal provenance, inputs and pixels give equal results.

    Labels, words and cases are equal; numbers to 1e-5, because a batch changes the order of sums.

    Attributes:
        model: Name of the model.
        version: Its version.
        config: SHA-256 digest of what its configuration says; None of a release that tells none.
        weights: SHA-256 digest of the version's files.
        revision: Commit of the hub that they were pulled from, if they were.
        base: Digest of the weights that they are an adapter of, if they are one.
        engine: What ran the weights, with its version.
        dtype: Precision of the arithmetic.
        quantization: How the weights were compressed, if they were.
        preprocessing: Id of the view's preprocessing.
        prompt: Name and digest of the prompt layout, if prompted.
        labels: Name and digest of the label set, if it classifies.
        decoding: How it came to a label: `score` or `generate`, if it classifies.
        temperature: What its probabilities were calibrated with, if they were.
        thinking: How the checkpoint's thinking was handled, if prompted.
        index: Digest of the reference index, if one was used.
        cases: How many cases were asked for, if it retrieves.
        description: SHA-256 of the words about the picture, if some were compared.
    """

    model: str
    version: int
    config: str | None = None
    weights: str
    revision: str | None = None
    base: str | None = None
    engine: str
    dtype: str
    quantization: str | None = None
    preprocessing: str
    prompt: str | None = None
    labels: str | None = None
    decoding: str | None = None
    temperature: float | None = None
    thinking: str | None = None
    index: str | None = None
    cases: int | None = None
    description: str | None = None


Tensor = str | float | tuple[str, ...] | tuple[float, ...]
"""The value of an output tensor."""


class StageResult(Frozen):
    """A stage's answer.

    Attributes:
        output: What the model found.
        provenance: What produced it.
        prepare_ms: Milliseconds from arrival until the engine's request was made.
        queue_ms: Milliseconds from there to the engine's start.
        compute_ms: Milliseconds from the start to the answer, shared by the batch.
        read_ms: Milliseconds that it took to read the result from the engine's answer.
        batch_size: How many items the engine ran together.
    """

    output: Annotated[Output, Field(discriminator="kind")]
    provenance: Provenance
    prepare_ms: float = 0.0
    queue_ms: float
    compute_ms: float
    read_ms: float = 0.0
    batch_size: int

    def tensor(self, name: str) -> Tensor | None:
        """The value of the model's output tensor `name`.

        None when the model does not know: an unsure answer is not passed on as a sure one.

        Raises:
            KeyError: No model of this kind has such an output.
        """
        output = self.output
        tensors: dict[str, Tensor | None]
        if isinstance(output, Classification):
            tensors = {
                "label": output.label,
                "scores": tuple(output.scores[label] for label in output.names)
                if output.scores
                else None,
                "label_mass": output.label_mass,
                "decision": output.decision,
            }
        elif isinstance(output, Description):
            tensors = {"text": output.text}
        else:
            tensors = {
                "cases": tuple(case.id for case in output.cases) or None,
                "similarity": tuple(case.similarity for case in output.cases) or None,
            }
        return tensors[name]


OnText = Callable[[str], None]
"""Receives the words of a generated answer as they come."""


class State(StrEnum):
    """The states of a version, named as Triton's repository index names them."""

    LOADING = "LOADING"
    READY = "READY"
    UNAVAILABLE = "UNAVAILABLE"


UNLOADED = "unloaded"
"""Triton's word for why a version is unavailable that was taken out: nothing brings it back."""


class Hosted(Frozen):
    """A version that a stage hosts.

    Attributes:
        model: The model.
        version: Its version.
        state: Whether it answers.
        reason: Why it does not, or why it could not be loaded anew.
        provenance: What it quotes in every result; None until it is loaded.
        digests: What it was made of, as `Item.digests` says it; empty until it is loaded.
    """

    model: str
    version: int
    state: State
    reason: str = ""
    provenance: Provenance | None = None
    digests: Mapping[str, str] = {}


def check_digests(model: str, there: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Compares what a model was made of with what its caller read; what one lacks is passed over.

    Raises:
        Mismatch: They differ; the message names both digests.
    """
    for name in wanted.keys() & there.keys():
        if there[name] != wanted[name]:
            raise Mismatch(
                f"model '{model}' has the {name} {there[name]} where it runs, and "
                f"{wanted[name]} is asked for: both must read the same repository"
            )


class Stage(Protocol):
    """A node of a cascade, wherever it runs."""

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; cancelling the call stops the work.

        Raises:
            HikariError: The stage could not answer.
        """

    async def ready(self) -> None:
        """Returns if the stage can answer.

        Raises:
            Unavailable: It cannot, and why.
        """

    async def describe(self) -> tuple[Hosted, ...]:
        """What the stage hosts, and what produces its answers.

        Raises:
            Unavailable: It cannot be asked.
        """
