"""From the values of each item to the tensors of an answer: one rule for what is missing.

A missing value fails the request, with the code of what went wrong, unless the request asked for
`error`: then it is blank, and `error` says why.
"""

import json
from collections.abc import Mapping, Sequence

from hikari_serve.errors import HikariError
from hikari_serve.serving.oip.messages import RequestedOutput
from hikari_serve.serving.oip.signature import ANSWER, ERROR, Port
from hikari_serve.serving.oip.tensors import Tensor
from hikari_serve.serving.oip.values import Scores, Value

Item = Mapping[str, Value | HikariError]
"""What one item gave: the value of each output, or why there is none."""


def tensors_of(
    wanted: Sequence[RequestedOutput],
    ports: Mapping[str, Port],
    items: Sequence[Item],
    tolerant: bool,
) -> tuple[Tensor, ...]:
    """Puts the items together.

    Args:
        wanted: The outputs, all of which each item has.
        ports: How each output is declared.
        items: What was found, in the order of the request.
        tolerant: Whether what is missing is left blank.

    Raises:
        HikariError: Something is missing and must not be.
    """
    errors = [_first_error(wanted, item) for item in items]
    for at, error in enumerate(errors):
        if error is not None and not tolerant:
            raise error if len(items) == 1 else of_item(at, error)
    told = [json.dumps(error.payload()) if error else "" for error in errors]
    columns: list[Tensor] = []
    for each in wanted:
        values = told if each.name == ERROR else [item[each.name] for item in items]
        columns.append(_column(each, ports[each.name], values))
    return tuple(columns)


def of_item(at: int, error: HikariError) -> HikariError:
    """The same error, with the item that it is of."""
    return type(error)(f"image[{at}]: {error.message}", retry_after=error.retry_after)


def _first_error(wanted: Sequence[RequestedOutput], item: Item) -> HikariError | None:
    values = (item.get(each.name) for each in wanted)
    return next((value for value in values if isinstance(value, HikariError)), None)


def _column(wanted: RequestedOutput, port: Port, values: Sequence[Value | HikariError]) -> Tensor:
    """One tensor: a value for each item, or a row of them."""
    if wanted.classification:
        port = Port(port.name, "BYTES", (*port.shape[:-1], -1), blank=b"")
        values = [_classes(value, wanted.classification) for value in values]
    rows = [_row(value, port) for value in values]
    if len(port.shape) == 1:
        return Tensor(port.name, port.datatype, (len(rows),), [row[0] for row in rows])
    width = max(port.shape[-1], *(len(row) for row in rows))
    flat = [value for row in rows for value in (*row, *[port.blank] * (width - len(row)))]
    return Tensor(port.name, port.datatype, (len(rows), width), flat)


def _row(value: Value | HikariError, port: Port) -> tuple[bytes | float, ...]:
    if isinstance(value, HikariError):
        blank = json.dumps(value.payload()).encode() if port.name == ANSWER else port.blank
        return (blank,) if port.shape[-1] == 1 or len(port.shape) == 1 else ()
    if isinstance(value, Scores):
        return value.values
    if isinstance(value, tuple):
        return tuple(each.encode() if isinstance(each, str) else each for each in value)
    return (value.encode() if isinstance(value, str) else value,)


def _classes(value: Value | HikariError, most: int) -> Value | HikariError:
    """The most probable classes, as Triton's classification extension writes them."""
    if not isinstance(value, Scores):
        return value
    ranked = sorted(range(len(value.values)), key=lambda at: -value.values[at])[:most]
    return tuple(f"{value.values[at]:f}:{at}:{value.labels[at]}" for at in ranked)
