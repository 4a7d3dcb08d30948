"""Several observers in the place of one: each hears everything."""

from hikari_serve.errors import HikariError
from hikari_serve.observer import Observer, RequestEnd
from hikari_serve.stage import StageResult


class Several(Observer):
    """Passes on what an API process hears; its queues and models have one observer each."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def request_ended(self, request: RequestEnd) -> None:
        for each in self._observers:
            each.request_ended(request)

    def picture_read(self, cascade: str, form: str, seconds: float, quality: float) -> None:
        for each in self._observers:
            each.picture_read(cascade, form, seconds, quality)

    def picture_refused(self, cascade: str, code: str) -> None:
        for each in self._observers:
            each.picture_refused(cascade, code)

    def stage_called(self, cascade: str, stage: str, waited: float) -> None:
        for each in self._observers:
            each.stage_called(cascade, stage, waited)

    def stage_left(self, cascade: str, stage: str) -> None:
        for each in self._observers:
            each.stage_left(cascade, stage)

    def stage_ended(
        self, cascade: str, stage: str, seconds: float, ended: StageResult | HikariError
    ) -> None:
        for each in self._observers:
            each.stage_ended(cascade, stage, seconds, ended)
