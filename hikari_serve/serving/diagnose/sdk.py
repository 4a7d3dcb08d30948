"""`/api/diagnose`: the same question for BentoML's own clients, schema and pages.

Its route is not `/diagnose`, because BentoML matches its APIs before what is mounted. The picture
is a field of bytes, in base64, never a path or a decoded picture: BentoML fetches strings in such
fields as URLs.
"""

from bentoml.exceptions import BentoMLException
from pydantic import ConfigDict

from hikari_serve.cascade.execution import Cascade
from hikari_serve.errors import HikariError
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.present import present
from hikari_serve.serving.diagnose.intake import Parameters


class Asked(Parameters):
    """A picture in base64, and what is asked of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", val_json_bytes="base64")

    image: bytes


async def answer(cascade: Cascade, request_id: str, asked: Asked) -> Answer:
    """Answers one picture.

    Raises:
        BentoMLException: What was wrong, with the status of `/diagnose`; of a server's error
            BentoML tells the status only.
    """
    try:
        found = await cascade.run(asked.request(request_id, asked.image))
    except HikariError as error:
        raise BentoMLException(error.message, error_code=error.status) from None
    return present(found, asked.top_k)
