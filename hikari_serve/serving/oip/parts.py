"""The parts of an answer on a stream: each stage as it ends, and words as they come.

A label that a rule of the cascade may still withhold is in none of them: it waits for the last
response, which is the answer.
"""

from collections.abc import Callable

from hikari_serve.serving.oip.checks import Checked
from hikari_serve.serving.oip.columns import tensors_of
from hikari_serve.serving.oip.messages import InferRequest, InferResponse, OnPart
from hikari_serve.serving.oip.served import Part
from hikari_serve.serving.oip.signature import Signature

FINAL = "triton_final_response"
"""The parameter that says on a stream whether a response is the request's last."""


def teller(
    request: InferRequest, asked: Checked, signature: Signature, on_part: OnPart
) -> Callable[[Part], None]:
    """What turns parts into responses with those of their outputs that were asked for.

    Args:
        request: What was asked.
        asked: The same, checked.
        signature: Of the model.
        on_part: Hears the responses.
    """

    def tell(part: Part) -> None:
        wanted = [each for each in asked.outputs if each.name in part.values]
        if not wanted:
            return
        on_part(
            InferResponse(
                model=request.model,
                version=request.version,
                id=request.id,
                outputs=tensors_of(wanted, signature.outputs, [part.values], tolerant=False),
                parameters={
                    "item": part.item,
                    "stage": part.stage,
                    "words": part.words,
                    FINAL: False,
                },
            )
        )

    return tell
