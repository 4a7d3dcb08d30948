"""A runner's process in small: hosts one model, and answers drawings when it is told to.

Writes to a journal when its weights come onto the device and when they have left it. Commands
come on the standard input, one a line: how many drawings to ask about at once, or `each` for one
after another for ever. A line of JSON answers each: `ready`, then the labels.
"""

import asyncio
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from hikari_serve.drawing.cases import draw_cases
from hikari_serve.engines.torch_engine import TorchEngine
from hikari_serve.pictures.view import make_view
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import Classification, Item, StageResult
from hikari_serve.tasks import loading
from hikari_serve.tasks.host import Host

SEED = 31_000
SECONDS = 60.0
"""How long an answer may take, waiting for the others and this slow machine included."""


def items(repository: Repository, name: str, count: int) -> list[Item]:
    """Questions about the same drawings in every process."""
    preprocessing = repository.config(name).hikari.preprocessing  # type: ignore[union-attr]
    return [
        Item(
            id=str(number),
            model=name,
            view=make_view(drawing.image, preprocessing),
            deadline=time.time() + SECONDS,
        )
        for number, drawing in enumerate(draw_cases(count, SEED))
    ]


def said(result: StageResult) -> str | None:
    output = result.output
    return output.label if isinstance(output, Classification) else output.text  # type: ignore[union-attr]


def keep_journal(path: Path, name: str) -> None:
    """Notes `up` before the weights come onto the device, and `down` after they have left it."""
    journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    load, wake, sleep = loading.load_model, TorchEngine.wake, TorchEngine.sleep

    def note(word: str) -> None:
        os.write(journal, f"{word} {name}\n".encode())

    def noted_load(*arguments: Any) -> Any:
        note("up")
        return load(*arguments)

    async def noted_wake(engine: TorchEngine) -> None:
        note("up")
        await wake(engine)

    async def noted_sleep(engine: TorchEngine) -> None:
        await sleep(engine)
        note("down")

    loading.load_model, TorchEngine.wake, TorchEngine.sleep = noted_load, noted_wake, noted_sleep  # type: ignore[assignment,method-assign]


async def main(models: str, locks: str, name: str, journal: str) -> None:
    keep_journal(Path(journal), name)
    repository = Repository(Path(models))
    host = Host(repository, cores=1, locks=Path(locks))
    await host.load(name)
    await host.ready()
    print(json.dumps("ready"), flush=True)
    while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if command == "each":
            for number in itertools.count(1):
                await host.infer(items(repository, name, number)[-1])
        asked = items(repository, name, int(command))
        results = await asyncio.gather(*map(host.infer, asked))
        print(json.dumps([said(result) for result in results]), flush=True)
    await host.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
