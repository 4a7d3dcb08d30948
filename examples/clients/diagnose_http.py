"""`POST /diagnose` and its stream, with nothing but an HTTP client.

python examples/clients/diagnose_http.py http://localhost:3000 lesions/*.png
"""

import json
import sys
from pathlib import Path

import httpx


def main(url: str, pictures: list[str]) -> None:
    """Asks for each picture, then for the first one as a stream."""
    with httpx.Client(base_url=url, timeout=60) as client:
        for picture in pictures:
            files = {"image": Path(picture).read_bytes()}
            response = client.post("/diagnose", files=files, data={"references": "3"})
            answer = response.json()
            if response.is_error:
                print(picture, answer["code"], answer["error"])
                continue
            disease = answer["disease"] or {}
            print(picture, answer["status"], disease.get("label"), disease.get("probability"))

        files = {"image": Path(pictures[0]).read_bytes()}
        with client.stream("POST", "/diagnose/stream", files=files) as response:
            event = ""
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    told = json.loads(value)
                    print(event, told.get("label") or told.get("text") or told.get("status") or "")


main(sys.argv[1], sys.argv[2:])
