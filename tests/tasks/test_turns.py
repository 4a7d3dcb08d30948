"""Models that take turns on one device, each in a process of its own, and all in one."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.inline import open_cascade
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.present import present
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings
from hikari_serve.tasks.host import Host
from tests.served.pictures import png
from tests.tasks import turn_taker

ROOT = Path(__file__).parents[2]
NAMES = ("demo_group", "demo_disease", "demo_caption")
COUNT = 6


def turn_taking(root: Path) -> Path:
    """The demo repository, in which the three large models share the CPU by turns."""
    for folder in (ROOT / "models").iterdir():
        copy = root / folder.name
        copy.mkdir(parents=True)
        for path in folder.iterdir():
            if path.name != "config.yaml":
                (copy / path.name).symlink_to(path)
        config = yaml.safe_load((folder / "config.yaml").read_text())
        if folder.name in NAMES:
            config["hikari"]["engine"]["turns"] = True
        (copy / "config.yaml").write_text(yaml.safe_dump(config))
    return root


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return turn_taking(tmp_path_factory.mktemp("models"))


@dataclass
class Taker:
    """A process that hosts one model."""

    process: "subprocess.Popen[str]"

    def ask(self, command: object) -> None:
        assert self.process.stdin is not None
        print(command, file=self.process.stdin, flush=True)

    def answer(self) -> object:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


@contextmanager
def taker(models: Path, home: Path, name: str) -> Iterator[Taker]:
    program = [sys.executable, "-m", "tests.tasks.turn_taker"]
    arguments = [str(models), str(home / "locks"), name, str(home / "journal")]
    with subprocess.Popen(
        [*program, *arguments],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield Taker(process)
        finally:
            process.kill()


def journal(home: Path) -> list[tuple[str, str]]:
    """What came onto the device and left it, as it happened."""
    lines = (home / "journal").read_text().splitlines()
    return [(word, name) for word, name in map(str.split, lines)]


def never_two(events: list[tuple[str, str]]) -> None:
    """Every model leaves the device before another one comes."""
    awake: str | None = None
    for word, name in events:
        assert awake == (None if word == "up" else name), events
        awake = name if word == "up" else None


@pytest.fixture(scope="module")
def alone() -> Mapping[str, list[str | None]]:
    """What each model says when it has the device for itself."""

    async def answers() -> dict[str, list[str | None]]:
        repository = Repository(ROOT / "models")
        host = Host(repository, cores=1, locks=Path("unused"))
        for name in NAMES:
            await host.load(name)
        found = {}
        for name in NAMES:
            asked = turn_taker.items(repository, name, COUNT)
            results = await asyncio.gather(*map(host.infer, asked))
            found[name] = [turn_taker.said(result) for result in results]
        await host.close()
        return found

    return asyncio.run(answers())


def test_processes_take_turns_and_survive_a_kill(
    models: Path, tmp_path: Path, alone: Mapping[str, list[str | None]]
) -> None:
    with ExitStack() as stack:
        takers = {name: stack.enter_context(taker(models, tmp_path, name)) for name in NAMES}
        assert [one.answer() for one in takers.values()] == ["ready"] * 3
        for _ in range(2):
            for one in takers.values():
                one.ask(COUNT)
            for name, one in takers.items():
                assert one.answer() == alone[name]
        never_two(journal(tmp_path))
        assert {name for _, name in journal(tmp_path)} == set(NAMES)

        *others, victim = NAMES
        takers[victim].ask("each")
        until = time.monotonic() + 60
        while journal(tmp_path)[-1] != ("up", victim):
            assert time.monotonic() < until
            time.sleep(0.01)
        takers[victim].process.kill()
        for name in others:
            takers[name].ask(COUNT)
        assert [takers[name].answer() for name in others] == [alone[name] for name in others]
        events = journal(tmp_path)
        killed = len(events) - 1 - events[::-1].index(("up", victim))
        never_two([*events[: killed + 1], ("down", victim), *events[killed + 1 :]])


def test_one_process_takes_turns_with_itself(models: Path, tmp_path: Path) -> None:
    pictures = [png(drawing.image) for drawing in draw_cases(4, turn_taker.SEED)]

    async def answers(folder: Path) -> list[Answer]:
        settings = replace(Settings(), models=folder, locks=tmp_path / "locks")
        async with open_cascade(settings) as cascade:
            asked = [CascadeRequest(id="r", image=picture) for picture in pictures]
            return [present(each) for each in await asyncio.gather(*map(cascade.run, asked))]

    def told(answer: Answer) -> tuple[object, ...]:
        return answer.status, answer.group, answer.disease, answer.caption

    by_turns, at_once = asyncio.run(answers(models)), asyncio.run(answers(ROOT / "models"))
    assert [told(answer) for answer in by_turns] == [told(answer) for answer in at_once]
