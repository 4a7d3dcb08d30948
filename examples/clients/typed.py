"""Our typed client: it waits and asks again where the server says so, and needs no torch.

python examples/clients/typed.py http://localhost:3000 lesions/00003.png
"""

import sys

from hikari_serve.client import Client, Reconnect
from hikari_serve.errors import HikariError


def main(url: str, picture: str) -> None:
    """Asks for the answer, then for the same as a stream."""
    with Client(url) as client:
        try:
            answer = client.diagnose(picture, references=3)
        except HikariError as error:
            sys.exit(f"{error.code}: {error.message}")
        print(answer.status, answer.disease and answer.disease.label)
        for event in client.stream(picture):
            if isinstance(event.data, Reconnect):
                print("asked again, from the beginning:", event.data.reason)
            print(event.name)


main(sys.argv[1], sys.argv[2])
