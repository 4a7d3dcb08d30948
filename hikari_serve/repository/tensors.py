"""The tensors that a kind of model takes and gives, and a configuration's against them.

What a `config.yaml` declares is what clients are told and what cascades are wired by, so nothing
may stand there that the model does not do: an unknown output, another type or shape, an input that
no prompt reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tritonclient.grpc import model_config_pb2

from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint
from hikari_serve.repository.schema import (
    CascadeConfig,
    ClassifierConfig,
    DescriberConfig,
    Hikari,
    RetrieverConfig,
)

IMAGE, DESCRIPTION = "image", "description"
"""The picture, and words about it, which a request may leave out: what a cascade takes.

A cascade has no batch dimension of its own, so its tensors begin with one for the pictures: -1."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as Triton declares it; -1 in `dims` is any number.

    Attributes:
        data_type: Such as `TYPE_STRING`.
        dims: Its shape, without the batch.
    """

    data_type: str
    dims: tuple[int, ...]

    def __str__(self) -> str:
        """As it is written in a configuration."""
        return f"{self.data_type} {list(self.dims)}"

    @property
    def of_each_picture(self) -> "Tensor":
        """What a cascade declares of a tensor that a model makes: one value is one a picture."""
        return Tensor(self.data_type, (-1,) if self.dims == (1,) else (-1, *self.dims))


ONE_STRING = Tensor("TYPE_STRING", (1,))
STRINGS = Tensor("TYPE_STRING", (-1,))

OUTPUTS: Mapping[str, Mapping[str, Tensor]] = {
    "classify": {
        "label": ONE_STRING,
        "scores": Tensor("TYPE_FP32", (-1,)),  # as many as the label set has
        "label_mass": Tensor("TYPE_FP32", (1,)),
        "decision": ONE_STRING,
    },
    "describe": {"text": ONE_STRING},
    "retrieve": {"cases": STRINGS, "similarity": Tensor("TYPE_FP32", (-1,))},
}
"""What a model of each kind gives, by name."""

SCORED = ("scores", "label_mass")
"""Of these, what a classifier gives only where it scores its labels."""


def tensor_of(declared: model_config_pb2.ModelInput | model_config_pb2.ModelOutput) -> Tensor:
    """A declaration's type and shape."""
    name = model_config_pb2.DataType.Name(declared.data_type)
    return Tensor(name, tuple(declared.dims))


def check_tensors(triton: model_config_pb2.ModelConfig, hikari: Hikari) -> None:
    """Compares what a configuration declares with what a model of its kind does.

    Raises:
        ConfigError: They differ; the message begins with the field, such as `triton.input[1].dims`.
    """
    for field, declared in (("input", triton.input), ("output", triton.output)):
        names = [tensor.name for tensor in declared]
        for at, name in enumerate(names):
            if name in names[:at]:
                raise ConfigError(f"triton.{field}[{at}].name: '{name}' stands twice")
            if declared[at].data_type not in model_config_pb2.DataType.values():
                raise ConfigError(f"triton.{field}[{at}].data_type: write such as TYPE_STRING")
    if isinstance(hikari, CascadeConfig):
        if triton.max_batch_size:
            raise ConfigError("triton.max_batch_size: a cascade has none: its models batch")
        _check_cascade_inputs(triton.input)
        return
    if triton.max_batch_size < 1:  # Triton's default, 0, is a model whose tensors have no batch
        raise ConfigError(
            "triton.max_batch_size: every model takes batches: write how many pictures it may be "
            "given at once, 1 or more"
        )
    _check_outputs(hikari, triton.output)
    _check_image(triton.input, ONE_STRING)
    others = [(at, each) for at, each in enumerate(triton.input) if each.name != IMAGE]
    if isinstance(hikari, RetrieverConfig):
        _check_retriever(hikari, others)
    else:
        _check_prompted(hikari, others)


def check_scores(triton: model_config_pb2.ModelConfig, labels: int) -> None:
    """Compares the declared length of `scores` with the label set's.

    Raises:
        ConfigError: They differ.
    """
    for at, output in enumerate(triton.output):
        dims = list(output.dims)
        if output.name == "scores" and dims not in ([-1], [labels]):
            raise ConfigError(
                f"triton.output[{at}].dims: `scores` is {dims}, but the label set has {labels} "
                f"labels: write [{labels}]"
            )


def _check_outputs(hikari: Hikari, declared: Sequence[model_config_pb2.ModelOutput]) -> None:
    there = OUTPUTS[hikari.kind]
    written = isinstance(hikari, ClassifierConfig) and hikari.decoding == "generate"
    for at, output in enumerate(declared):
        if written and output.name in SCORED:
            raise ConfigError(
                f"triton.output[{at}].name: `decoding: generate` gives no `{output.name}`: "
                "leave it out, or set `hikari.decoding: score`"
            )
        if output.name not in there:
            raise ConfigError(
                f"triton.output[{at}].name: a model of kind `{hikari.kind}` gives no "
                f"'{output.name}'; {hint(output.name, there)}"
            )
        wanted, found = there[output.name], tensor_of(output)
        any_number = wanted.dims == (-1,) and len(found.dims) == 1 and found.dims[0] != 0
        if found != wanted and not (any_number and found.data_type == wanted.data_type):
            raise ConfigError(f"triton.output[{at}]: `{output.name}` is {wanted}, not {found}")


def _check_image(declared: Sequence[model_config_pb2.ModelInput], wanted: Tensor) -> None:
    found = [each for each in declared if each.name == IMAGE]
    if not found:
        names = ", ".join(each.name for each in declared) or "nothing"
        raise ConfigError(f"triton.input: every model takes `image`, and this declares {names}")
    if tensor_of(found[0]) != wanted or found[0].optional:
        raise ConfigError(f"triton.input: `image` is {wanted} and never optional")


def _check_cascade_inputs(declared: Sequence[model_config_pb2.ModelInput]) -> None:
    _check_image(declared, STRINGS)
    for at, each in enumerate(declared):
        if each.name not in (IMAGE, DESCRIPTION):
            raise ConfigError(
                f"triton.input[{at}].name: a cascade takes no '{each.name}'; "
                f"{hint(each.name, (IMAGE, DESCRIPTION))}"
            )
        if each.name == DESCRIPTION and (tensor_of(each) != STRINGS or not each.optional):
            raise ConfigError(f"triton.input[{at}]: `description` is {STRINGS} and optional")


def _check_retriever(
    hikari: RetrieverConfig, others: Sequence[tuple[int, model_config_pb2.ModelInput]]
) -> None:
    for at, each in others:
        if each.name != DESCRIPTION:
            raise ConfigError(
                f"triton.input[{at}].name: a model of kind `retrieve` takes no '{each.name}'; "
                f"{hint(each.name, (IMAGE, DESCRIPTION))}"
            )
        if hikari.text is None or hikari.text.against != DESCRIPTION:
            raise ConfigError(
                f"triton.input[{at}].name: this model compares no description: "
                "set `hikari.text.against: description`, or leave the input out"
            )
        if tensor_of(each) != ONE_STRING or not each.optional:
            raise ConfigError(f"triton.input[{at}]: `description` is {ONE_STRING} and optional")


def _check_prompted(
    hikari: ClassifierConfig | DescriberConfig,
    others: Sequence[tuple[int, model_config_pb2.ModelInput]],
) -> None:
    asked = hikari.prompt.inputs
    words = {each.name for _, each in others if tensor_of(each) == ONE_STRING}
    lists = [each.name for _, each in others if tensor_of(each) == STRINGS]
    for at, each in others:
        field = f"triton.input[{at}]"
        if each.name not in words and each.name not in lists:
            raise ConfigError(
                f"{field}: `{each.name}` is {tensor_of(each)}: a word is {ONE_STRING}, and the ids "
                f"of cases are {STRINGS}"
            )
        if each.name in words and each.name not in asked:
            raise ConfigError(
                f"{field}.name: the prompt never asks for '{each.name}'; "
                f"{hint(each.name, asked) if asked else 'it takes no words'}"
            )
        if each.optional and each.name in hikari.prompt.needs:
            raise ConfigError(
                f"{field}.optional: the prompt quotes '{each.name}' whether or not it is given: "
                f"write `when: {each.name}` at that part, or let the input be required"
            )
    if lists and not (isinstance(hikari, ClassifierConfig) and hikari.index):
        raise ConfigError(
            f"triton.input: `{lists[0]}` carries ids of cases, which only a model of kind "
            "`classify` with `hikari.index` can look up"
        )
    if len(lists) > 1:
        raise ConfigError(f"triton.input: `{lists[0]}` and `{lists[1]}` both carry ids of cases")
    if lists and not hikari.prompt.quotes_cases:
        raise ConfigError(f"triton.input: the prompt has no `each:` part for `{lists[0]}`")
    for name in sorted(asked - words):
        raise ConfigError(
            f"hikari.prompt: it asks for '{name}', which is no input of words; "
            f"{hint(name, words) if words else 'there is none'}"
        )
