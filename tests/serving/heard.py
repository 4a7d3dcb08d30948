"""An observer that keeps how requests ended."""

import time

from hikari_serve.observer import Observer, RequestEnd


class Heard(Observer):
    def __init__(self) -> None:
        self.ends: list[RequestEnd] = []

    def request_ended(self, request: RequestEnd) -> None:
        self.ends.append(request)

    def one(self) -> RequestEnd:
        until = time.monotonic() + 5
        while not self.ends and time.monotonic() < until:
            time.sleep(0.01)
        (end,) = self.ends
        return end
