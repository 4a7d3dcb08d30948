"""`/api/diagnose` with BentoML's own client, which knows the API from the server's schema.

python examples/clients/bentoml_client.py http://localhost:3000 lesions/00003.png
"""

import base64
import sys
from pathlib import Path

import bentoml


def main(url: str, picture: str) -> None:
    """Asks for one picture; it travels as base64, because BentoML fetches other strings as URLs."""
    image = base64.b64encode(Path(picture).read_bytes()).decode()
    with bentoml.SyncHTTPClient(url, timeout=60) as client:
        answer = client.diagnose(image=image, references=3)
    print(answer["status"], answer["disease"]["label"], answer["caption"]["text"])


main(sys.argv[1], sys.argv[2])
