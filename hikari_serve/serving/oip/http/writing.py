"""An inference's answer as a body: JSON, and binary data behind it."""

import json
import math
from collections.abc import Collection
from typing import Any

from starlette.responses import Response

from hikari_serve.serving.oip.http.coding import coding_of, encoded
from hikari_serve.serving.oip.http.reading import BINARY_SIZE, HEADER
from hikari_serve.serving.oip.messages import InferResponse
from hikari_serve.serving.oip.tensors import Tensor, encode


def write(answer: InferResponse, binary: Collection[str] | None, accept: str) -> Response:
    """Writes an answer.

    Args:
        answer: The answer.
        binary: The outputs to write as binary data; None writes all of them so.
        accept: The request's `Accept-Encoding`.
    """
    outputs, behind = [], []
    for tensor in answer.outputs:
        told: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.shape),
        }
        if binary is None or tensor.name in binary:
            data = encode(tensor)
            behind.append(data)
            told["parameters"] = {BINARY_SIZE: len(data)}
        else:
            told["data"] = _json_data(tensor)
        outputs.append(told)
    whole: dict[str, Any] = {"model_name": answer.model, "model_version": answer.version}
    if answer.id:
        whole["id"] = answer.id
    text = json.dumps({**whole, "outputs": outputs}).encode()
    headers = {}
    if behind:
        headers[HEADER] = str(len(text))
    body = b"".join([text, *behind])
    if coding := coding_of(accept):
        body = encoded(body, coding)
        headers["content-encoding"] = coding
    media = "application/octet-stream" if behind else "application/json"
    return Response(body, media_type=media, headers=headers)


def _json_data(tensor: Tensor) -> list[Any]:
    """The elements; JSON has no NaN, so that what is missing is null."""
    return [
        each.decode(errors="replace")
        if isinstance(each, bytes)
        else (None if math.isnan(each) else each)
        for each in tensor.values
    ]
