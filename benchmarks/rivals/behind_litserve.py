"""The card's cascade behind LitServe: `python -m benchmarks.rivals.behind_litserve PORT`.

As https://lightning.ai/docs/litserve/features/batching shows a batched API, and LitServe's own
tests (tests/unit/test_form.py) an uploaded file.
"""

import sys

import litserve as ls
from fastapi import Request

from benchmarks.cascade_result import CascadeResult
from benchmarks.rivals.answer import Found, write
from benchmarks.rivals.settings import BATCH_TIMEOUT_SECONDS, MAX_BATCH
from hikari_serve.settings import Settings

TIMEOUT_SECONDS = 600
"""LitServe's default of 30 s would answer 504 on a slow machine."""


class CardApi(ls.LitAPI):  # type: ignore[misc] # the package brings no types
    """Batches pictures and asks every stage about all of them at once."""

    def setup(self, device: str) -> None:
        """Loads the weights, once in the worker."""
        from benchmarks.card_cascade import CardCascade  # only the worker needs torch

        settings = Settings.from_environment()
        self._cascade = CardCascade(settings.models, settings.cascade)

    def decode_request(self, request: Request) -> bytes:
        """Takes the file out of the form."""
        return request["image"].file.read()  # type: ignore[no-any-return]

    def predict(self, x: list[bytes]) -> list[CascadeResult]:
        """Answers a batch."""
        return self._cascade.diagnose(x)

    def encode_response(self, output: CascadeResult) -> Found:
        """The body of one answer."""
        return write(output)


if __name__ == "__main__":
    api = CardApi(
        max_batch_size=MAX_BATCH, batch_timeout=BATCH_TIMEOUT_SECONDS, api_path="/diagnose"
    )
    server = ls.LitServer(api, accelerator="cpu", timeout=TIMEOUT_SECONDS)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
