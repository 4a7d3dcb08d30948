"""`/api/diagnose`: the same question for BentoML's own clients, schema and pages.

Its route is not `/diagnose`, because BentoML matches its APIs before what is mounted. The picture
is a field of bytes, in base64, never a path or a decoded picture: BentoML fetches strings in such
fields as URLs.
"""

import asyncio
from typing import Any

from bentoml.exceptions import BentoMLException
from pydantic import ConfigDict, model_validator

from hikari_serve.cascade.execution import Cascade
from hikari_serve.errors import HikariError
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.present import present
from hikari_serve.serving.diagnose.fields import given
from hikari_serve.serving.diagnose.intake import Options
from hikari_serve.serving.diagnose.json_body import read_json
from hikari_serve.serving.ending import ending


class Asked(Options):
    """A picture in base64, and what is asked of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", val_json_bytes="base64")

    image: bytes

    @model_validator(mode="before")
    @classmethod
    def _given(cls, fields: Any) -> Any:
        """Passes over empty options as `check_asked` does: BentoML reads the body anew."""
        return {**given(fields), "image": fields.get("image")}


async def check_asked(body: bytes) -> None:
    """Refuses in our words what BentoML would refuse in its own, which quote all that was sent.

    Raises:
        TooLarge: There is too much besides the picture.
        InvalidInput: It is no JSON object, has no picture, or a field is wrong.
    """
    _, fields = await asyncio.to_thread(read_json, body)
    Options.read(fields)


async def answer(cascade: Cascade, request_id: str, asked: Asked) -> Answer:
    """Answers one picture.

    Raises:
        BentoMLException: What was wrong, with the status of `/diagnose`; of a server's error
            BentoML tells the status only.
    """
    its = ending()
    try:
        found = await cascade.run(
            asked.request(request_id, asked.image, its.trace), on_end=its.stage
        )
    except HikariError as error:
        its.failed(error)
        raise BentoMLException(error.message, error_code=error.status) from None
    its.answered(found.status)
    return present(found, asked.top_k)
