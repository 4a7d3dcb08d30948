"""The words among a request's inputs."""

from collections.abc import Mapping

from hikari_serve.errors import InvalidInput
from hikari_serve.serving.oip.tensors import Tensor


def texts(inputs: Mapping[str, Tensor], name: str, count: int) -> list[str]:
    """The elements of an input; an empty one is as good as none.

    Args:
        inputs: Of the request.
        name: The input; without it all elements are empty.
        count: How many there are.

    Raises:
        InvalidInput: An element is no UTF-8.
    """
    if name not in inputs:
        return [""] * count
    values = [each for each in inputs[name].values if isinstance(each, bytes)]
    try:
        return [str(each, "utf-8") for each in values]
    except UnicodeDecodeError as error:
        raise InvalidInput(f"input '{name}' is no UTF-8: {error.reason}") from None


def text(inputs: Mapping[str, Tensor], name: str) -> str:
    """The one element of an input."""
    return texts(inputs, name, 1)[0]
