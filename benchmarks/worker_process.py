"""Keeps what is measured in a process of its own, loaded once and asked again and again."""

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Self

_subject: Any = None


class WorkerProcess:
    """An object that lives in another process."""

    def __init__(self, target: str, *arguments: object) -> None:
        """Starts the process and begins to make the object there.

        Args:
            target: Its class, as `module:name`; it has a method `close`.
            arguments: What to make it of.
        """
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self._made = self._pool.submit(_make, target, arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.call("close")
        finally:
            self._pool.shutdown()

    def call(self, method: str, *arguments: object) -> Any:
        """Calls a method of the object and waits for what it returns."""
        self._made.result()
        return self._pool.submit(_call, method, arguments).result()


def _make(target: str, arguments: tuple[object, ...]) -> None:
    global _subject
    module, _, name = target.partition(":")
    _subject = getattr(import_module(module), name)(*arguments)


def _call(method: str, arguments: tuple[object, ...]) -> Any:
    return getattr(_subject, method)(*arguments)
