"""The Open Inference Protocol over gRPC, with Triton's client: one model alone, then the cascade.

python examples/clients/oip_grpc.py localhost:8001 lesions/00003.png
"""

import sys
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException


def image_of(data: bytes, shape: list[int]) -> triton.InferInput:
    """The input `image`: `[n]` for a cascade, `[n, 1]` for a model."""
    image = triton.InferInput("image", shape, "BYTES")
    image.set_data_from_numpy(np.array([data], object).reshape(shape))
    return image


def main(address: str, picture: str) -> None:
    """Asks for the group alone, with its best two classes; then for the whole answer."""
    data = Path(picture).read_bytes()
    with triton.InferenceServerClient(address) as client:
        for model in client.get_model_repository_index().models:
            if model.state == "READY":
                print(
                    model.name,
                    [each.name for each in client.get_model_metadata(model.name).outputs],
                )
        classes = triton.InferRequestedOutput("scores", class_count=2)
        group = client.infer("demo_group", [image_of(data, [1, 1])], outputs=[classes])
        print("group", [each.decode() for each in group.as_numpy("scores")[0]])
        try:
            answer = client.infer("demo", [image_of(data, [1])], client_timeout=60, priority=1)
        except InferenceServerException as error:
            sys.exit(f"{error.status()}: {error.message()}")
        print("disease", answer.as_numpy("disease.label")[0].decode())
        print("caption", answer.as_numpy("caption.text")[0].decode())


main(sys.argv[1], sys.argv[2])
