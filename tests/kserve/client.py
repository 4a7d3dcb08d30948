"""Asks a served demo with KServe's clients, in an environment that has them; says so as JSON.

It imports nothing of this repository: what runs here knows the protocol alone.
"""

import asyncio
import json
import sys
from typing import Any

import numpy as np
from kserve import (
    InferenceGRPCClient,
    InferenceRESTClient,
    InferInput,
    InferRequest,
    RESTConfig,
)


def request(image: bytes, **options: Any) -> InferRequest:
    given = InferInput("image", [1], "BYTES")
    given.set_data_from_numpy(np.array([image], dtype=object), binary_data=True)
    return InferRequest(model_name="demo", infer_inputs=[given], **options)


def told(answer: Any) -> dict[str, str]:
    wanted = ("group.label", "disease.label", "caption.text", "group.probability", "error")
    found = {each.name: each.as_numpy().flatten()[0] for each in answer.outputs}
    return {
        name: found[name].decode() if isinstance(found[name], bytes) else str(found[name])
        for name in wanted
    }


async def over_http(url: str, image: bytes) -> dict[str, Any]:
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    refused = ""
    try:
        await client.infer(url, request(b"no picture"), model_name="demo")
    except Exception as error:
        refused = str(error)
    binary = request(image, parameters={"binary_data_output": True})
    return {
        "live": await client.is_server_live(url),
        "ready": await client.is_server_ready(url),
        "model_ready": await client.is_model_ready(url, "demo"),
        "json": told(await client.infer(url, request(image), model_name="demo")),
        "binary": told(await client.infer(url, binary, model_name="demo")),
        "refused": refused,
    }


async def over_grpc(address: str, image: bytes) -> dict[str, Any]:
    async with InferenceGRPCClient(address) as client:
        refused = ""
        try:
            await client.infer(request(b"no picture"))
        except Exception as error:
            refused = str(error)
        return {
            "live": await client.is_server_live(),
            "ready": await client.is_server_ready(),
            "model_ready": await client.is_model_ready("demo"),
            "json": told(await client.infer(request(image))),
            "refused": refused,
        }


async def main(url: str, address: str, picture: str) -> None:
    with open(picture, "rb") as file:
        image = file.read()
    found = {"http": await over_http(url, image), "grpc": await over_grpc(address, image)}
    print(json.dumps(found))


asyncio.run(main(*sys.argv[1:]))
