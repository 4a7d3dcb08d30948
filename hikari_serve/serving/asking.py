"""What every door may be asked of the cascade besides the picture, and its bounds."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.errors import InvalidInput
from hikari_serve.quoting import quoted
from hikari_serve.serving.ending import ending
from hikari_serve.stage import DEFAULT_PRIORITY


class Asking(BaseModel):
    """The options of a request; each door has its own names and units for some of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    until: str | None = Field(
        None, max_length=64, description="Stop after this stage; all stages run without it."
    )
    description: str | None = Field(
        None,
        min_length=1,
        max_length=4000,
        description="Words about the picture, for cascades whose references compare them.",
    )
    references: int | None = Field(
        None, ge=0, le=3, description="Reference cases to compare with; 0 is none."
    )
    timeout_ms: int | None = Field(
        None, ge=1, le=3_600_000, description="Deadline of the whole, in milliseconds."
    )
    priority: int = Field(DEFAULT_PRIORITY, ge=1, le=9, description="1 is served first, 9 last.")

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """What the fields ask.

        Raises:
            InvalidInput: One is unknown or out of range.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            name = quoted(".".join(map(str, first["loc"]))) or "the name of a field"
            if first["type"] == "extra_forbidden":
                known = ", ".join(cls.model_fields)
                raise InvalidInput(f"unknown field '{name}'; there are image, {known}") from None
            message = f"{name}: {quoted(first['msg'])}, not '{quoted(first['input'])}'"
            raise InvalidInput(message) from None

    def request(
        self, request_id: str, image: bytes, traceparent: str | None = None
    ) -> CascadeRequest:
        """What this asks of a cascade, for a picture."""
        return CascadeRequest(
            id=request_id,
            image=image,
            until=self.until,
            description=self.description,
            cases=self.references,
            timeout_ms=self.timeout_ms,
            priority=self.priority,
            traceparent=traceparent,
            taken_in=ending().taken_in,
        )
