"""The Open Inference Protocol over HTTP, with Triton's client: many pictures in one request.

python examples/clients/oip_http.py localhost:3000 lesions/*.png
"""

import sys
from pathlib import Path

import numpy as np
import tritonclient.http as triton


def main(address: str, pictures: list[str]) -> None:
    """Asks the cascade for all pictures at once; a broken one does not fail the others."""
    images = triton.InferInput("image", [len(pictures)], "BYTES")
    images.set_data_from_numpy(np.array([Path(each).read_bytes() for each in pictures], object))
    names = ("disease.label", "disease.probability", "disease.decision", "error")
    wanted = [triton.InferRequestedOutput(name) for name in names]
    with triton.InferenceServerClient(address) as client:
        answer = client.infer("demo", [images], outputs=wanted, timeout=60_000_000)
    columns = [answer.as_numpy(name) for name in names]
    for picture, label, probability, decision, error in zip(pictures, *columns, strict=True):
        print(picture, error.decode() or f"{label.decode()} {probability:.3f} {decision.decode()}")


main(sys.argv[1], sys.argv[2:])
