"""The fields of a request, whatever they came in: none is given twice, and an empty one is none."""

from collections.abc import Iterable, Mapping
from typing import Any

from hikari_serve.errors import InvalidInput
from hikari_serve.quoting import quoted


def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Fields by their names.

    Raises:
        InvalidInput: One is given twice, so that it is not clear which is meant.
    """
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise InvalidInput(f"{quoted(name)} is given twice")
        fields[name] = value
    return fields


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not empty: a browser's form has a field for what nobody filled in."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}
