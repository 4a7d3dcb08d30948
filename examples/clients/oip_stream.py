"""The Open Inference Protocol as a stream, with Triton's client: each stage as it ends.

python examples/clients/oip_stream.py localhost:8001 lesions/00003.png
"""

import queue
import sys
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton


def main(address: str, picture: str) -> None:
    """Prints the stages as they end and the words as they come; the last response decides."""
    image = triton.InferInput("image", [1], "BYTES")
    image.set_data_from_numpy(np.array([Path(picture).read_bytes()], object))
    heard: queue.Queue[tuple[triton.InferResult, Exception]] = queue.Queue()
    with triton.InferenceServerClient(address) as client:
        client.start_stream(lambda result, error: heard.put((result, error)))
        client.async_stream_infer("demo", [image])
        final = False
        while not final:
            result, error = heard.get()
            if error is not None:
                sys.exit(str(error))
            response = result.get_response()
            final = response.parameters["triton_final_response"].bool_param
            stage = response.parameters["stage"].string_param
            if response.parameters["words"].bool_param:
                print(result.as_numpy("caption.text")[0].decode(), end="", flush=True)
            elif final:
                print("answer", result.as_numpy("disease.label")[0].decode())
            else:
                print(f"[{stage}]")
        client.stop_stream()


main(sys.argv[1], sys.argv[2])
