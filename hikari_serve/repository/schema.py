"""What a `config.yaml` says under `hikari:`, as frozen types; the kind tells which of them it is.

`config.py` reads the file into them. Every field stands in `docs/models.md`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hikari_serve.pictures.view import Preprocessing
from hikari_serve.prompts.layout import PromptLayout
from hikari_serve.prompts.template import names_in


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EngineConfig(_Frozen):
    """How the weights run; which engine it is, Triton's `backend` says.

    Attributes:
        device: `cpu`, `cuda`, `cuda:N` or `mps`; a missing one is an error, never a silent CPU.
        dtype: Precision of weights and arithmetic.
        turns: Whether the model shares its device by turns with others of which it is said too:
            it sleeps while one of them computes.
        parameters: The engine's own settings by its own names, which it checks when it opens.
    """

    device: str = Field("cpu", pattern=r"^(cpu|mps|cuda(:\d+)?)$")
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    turns: bool = False
    parameters: Mapping[str, Any] = {}


class PromptLimits(_Frozen):
    """What one request may cost.

    Attributes:
        max_images: Pictures in a prompt, references included.
        max_context_tokens: Prompt tokens, image tokens included.
        max_new_tokens: Tokens that a generated answer may have.
    """

    max_images: int = Field(1, ge=1)
    max_context_tokens: int = Field(4096, ge=1)
    max_new_tokens: int = Field(256, ge=1)


class Source(_Frozen):
    """Where a model's weights come from when its version folder holds none.

    Attributes:
        hub: Repository on the Hugging Face hub, which `hikari models pull` copies.
        revision: Commit or tag of it; None is not pinned: whatever the branch `main` was at the
            time of the pull, which the pull records.
        folder: A folder of this machine instead; a relative one starts at the model's folder.
    """

    hub: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str | None = Field(None, pattern=r"^\w[\w./-]*$")
    folder: Path | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        if (self.hub is None) == (self.folder is None):
            raise ValueError("a source is exactly one of: hub, folder")
        if self.revision is not None and self.hub is None:
            raise ValueError("`revision` goes with `hub`")
        return self


class Metric(_Frozen):
    """A number that somebody measured of the weights.

    Attributes:
        name: What was measured, in words.
        value: The number, over all labels.
        by_label: The number for each label id.
        unit: Of both; the empty word for a score.
        source: Who measured it, on what.
        uncertain: Why it may not be taken as it stands; None where nothing is known against it.
    """

    name: str
    value: float | None = None
    by_label: Mapping[str, float] = {}
    unit: str = "%"
    source: str
    uncertain: str | None = None

    @model_validator(mode="after")
    def _measured(self) -> "Metric":
        if self.value is None and not self.by_label:
            raise ValueError("a metric has a value, or one by_label")
        return self


class Known(_Frozen):
    """What is known of the weights, for reports and for those who choose between models.

    Attributes:
        metrics: What was measured.
        limitations: What to beware of, by label id, or `general`.
    """

    metrics: tuple[Metric, ...] = ()
    limitations: Mapping[str, str] = {}


Verified = Literal["run", "contract", "unrun"]
"""How much of a configuration was seen working: served for real, checked against the engine's
own interface only, or neither."""


class _WeightedModel(_Frozen):
    """What every model has that is no cascade.

    Attributes:
        source: Where the weights of version 1 come from; None if they lie in its folder.
    """

    engine: EngineConfig = EngineConfig()
    preprocessing: Preprocessing = Preprocessing()
    source: Source | None = None
    verified: Verified = "unrun"
    known: Known = Known()


class _PromptedModel(_WeightedModel):
    """What every vision-language model has.

    Attributes:
        prompt: The layout; in the file also the name of one.
        base: Model whose weights these are an adapter of (LoRA); None if they are whole.
    """

    prompt: PromptLayout
    base: str | None = None
    limits: PromptLimits = PromptLimits()
    thinking: Literal["natural", "closed"] = "natural"


class ClassifierConfig(_PromptedModel):
    """A stage that names one of a closed set of labels.

    Attributes:
        labels: Label file beside this configuration, or a label set of this package.
        answer: The answer that the checkpoint was trained to emit, around `{label}`.
        decoding: `score` reads the probability of every label; `generate` lets the model write
            and looks for a label in its words, as the authors' card does.
        min_label_mass: Below this share of the model's own belief the answer is `unknown`.
        index: Reference model whose cases the prompt may quote.
    """

    kind: Literal["classify"]
    labels: str
    answer: str = "{label}"
    decoding: Literal["score", "generate"] = "score"
    min_label_mass: float = Field(0.5, ge=0, le=1)
    index: str | None = None

    @field_validator("answer")
    @classmethod
    def _quotes_the_label(cls, answer: str) -> str:
        if names_in(answer) != ["label"]:
            raise ValueError("the answer has `{label}` in it, once, and no other name")
        return answer

    @model_validator(mode="after")
    def _words_have_no_mass(self) -> "ClassifierConfig":
        if self.decoding == "generate" and "min_label_mass" in self.model_fields_set:
            raise ValueError("`min_label_mass` goes with `decoding: score`: words have no mass")
        return self


class DescriberConfig(_PromptedModel):
    """A stage that describes the picture in words."""

    kind: Literal["describe"]
    decoding: Literal["generate"] = "generate"


class WordsConfig(_Frozen):
    """How a reference model compares words besides pictures.

    Attributes:
        encoder: `bert` (BERT, DistilBERT, XLM-R or Nomic's BERT, whose first token speaks for the
            text), with its weights in the folder `text` beside the picture encoder's; or `clip`,
            the words' side of the picture encoder itself.
        source: Where the weights of `bert` come from; None if they lie there.
        against: What the words of a case are compared with: the query's `picture`, in a space
            that both share, or a `description` of it, without which only pictures count. HIKARI
            calls them strategy A and B.
        alpha: Weight of the pictures in the score; the words have the rest.
        max_tokens: Where the words of a case are cut.
        max_query_tokens: Where a description is cut.
        prefix: What the encoder was trained to see before the words of a case.
        query_prefix: What it was trained to see before a description.
    """

    encoder: Literal["bert", "clip"]
    source: Source | None = None
    against: Literal["picture", "description"]
    alpha: float = Field(0.5, ge=0, le=1)
    max_tokens: int = Field(256, ge=1)
    max_query_tokens: int = Field(512, ge=1)
    prefix: str = ""
    query_prefix: str = ""


class RetrieverConfig(_WeightedModel):
    """A stage that retrieves similar cases.

    Attributes:
        encoder: What sees the pictures: `clip`, `siglip`, or `remote`, which runs the Python
            code that comes with the weights.
        remote_code: Allows that code to run.
        text: How words are compared; None compares pictures only.
        labels: Label set that the words of a source are mapped to when an index is built.
        index: Folder of the reference index inside the version's folder; None takes the one
            that `hikari index build` writes for this model.
        top_k: Cases to retrieve when the request does not say.
        exclude_query: Whether a case that is the query's own picture is left out.
        max_similarity: Cases whose picture is more similar to the query's than this are left
            out, as near-duplicates.
        expose: What an answer may show of a case; SkinCAP's licence allows only ids.
    """

    kind: Literal["retrieve"]
    encoder: Literal["clip", "siglip", "remote"] = "clip"
    remote_code: bool = False
    text: WordsConfig | None = None
    labels: str | None = None
    index: str | None = None
    top_k: int = Field(3, ge=1)
    exclude_query: bool = True
    max_similarity: float | None = Field(None, ge=-1, le=1)
    expose: Literal["ids", "text", "image"] = "ids"


class AbstentionRule(_Frozen):
    """When a cascade withholds the disease although the model named one.

    Attributes:
        min_probability: If its probability is below this.
        max_distance: If the nearest reference case is farther away, in `nearest_distance`.
        min_typicality: If a smaller share of the index's own cases is as far from the nearest
            other one: the same as a distance, told so that it fits every encoder and index.
        min_references_agreeing: If a smaller share of the retrieved cases has it.
        on_blank: If the picture shows one colour and nothing else.
        on_unknown_group: If the model of groups was asked and named none.
        on_group_contradiction: If it does not belong to the group that the group model named.
        on_caption_contradiction: If the caption names another.
    """

    min_probability: float = Field(0, ge=0, le=1)
    max_distance: float = Field(2, ge=0, le=2)
    min_typicality: float = Field(0, ge=0, le=1)
    min_references_agreeing: float = Field(0, ge=0, le=1)
    on_blank: bool = False
    on_unknown_group: bool = False
    on_group_contradiction: bool = False
    on_caption_contradiction: bool = False

    @property
    def about_cases(self) -> frozenset[str]:
        """The fields that are set and compare the picture with reference cases."""
        about = {"max_distance", "min_typicality", "min_references_agreeing"}
        return frozenset(about & self.model_fields_set)

    @property
    def asks(self) -> frozenset[str]:
        """The kinds of stages that it asks: where one has no result, nothing clears the label."""
        asked = {
            "retrieve": bool(self.about_cases),
            "classify": self.on_unknown_group or self.on_group_contradiction,
            "describe": self.on_caption_contradiction,
        }
        return frozenset(kind for kind, needed in asked.items() if needed)


class CascadeConfig(_Frozen):
    """A graph of stages, itself a model; the graph is Triton's `ensemble_scheduling`.

    Attributes:
        headline: The stage that the answer stands for; None takes the last one listed that
            classifies. Rules withhold its label, and readiness is its readiness.
        timeout_ms: Deadline of a whole request that names none.
        notice: What every answer must say besides that this is no medical device.
        abstain: When the headline is withheld although its model named a label.
        min_quality: A picture whose quality scores below this is refused before any model runs.
    """

    kind: Literal["cascade"]
    headline: str | None = None
    timeout_ms: int = Field(30_000, ge=1)
    notice: str = ""
    abstain: AbstentionRule = AbstentionRule()
    min_quality: float = Field(0, ge=0, le=1)
    verified: Verified = "unrun"
    known: Known = Known()


Hikari = ClassifierConfig | DescriberConfig | RetrieverConfig | CascadeConfig
