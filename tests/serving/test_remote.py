"""What a caller sees of a runner that starts late, dies, hangs or is merely slow."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hikari_serve.errors import DeadlineExceeded, HikariError, Unavailable
from hikari_serve.serving import remote
from hikari_serve.serving.remote import RemoteStage
from hikari_serve.stage import Item, StageResult
from tests.scripted import Scripted
from tests.served.server import free_port

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def item(seconds: float = 10) -> Item:
    return Item(id="r", model="m", view=b"", deadline=time.time() + seconds)


def response(body: bytes, kind: str = "application/json", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def runner(path: Path, answer: Answer) -> AsyncIterator[None]:
    """Takes connections on a Unix socket as a runner does, and answers each as told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((x for x in head.lower().split(b"\r\n") if b"content-length" in x), b": 0")
        await reader.readexactly(int(length.split(b":")[1]))
        await answer(head, writer)
        await writer.drain()
        writer.close()

    tasks: list[asyncio.Task[None]] = []
    server = await asyncio.start_unix_server(
        lambda *connection: tasks.append(asyncio.create_task(serve(*connection))), path
    )
    yield
    server.close()
    await asyncio.gather(*tasks)


async def ask(path: Path, seconds: float = 10, **more: object) -> StageResult | HikariError:
    stage = RemoteStage("group", path.as_uri())
    try:
        return await stage.infer(item(seconds), **more)  # type: ignore[arg-type]
    except HikariError as error:
        return error
    finally:
        await stage.close()


async def result() -> bytes:
    return response((await Scripted("group").infer(item())).model_dump_json().encode())


def test_one_that_starts_late_is_waited_for(tmp_path: Path) -> None:
    async def main() -> StageResult | HikariError:
        good = await result()

        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(good)

        asking = asyncio.create_task(ask(tmp_path / "s"))
        await asyncio.sleep(0.5)
        assert not asking.done()
        async with runner(tmp_path / "s", answer):
            return await asking

    assert isinstance(asyncio.run(main()), StageResult)


def test_the_stages_token_is_told(tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def main() -> None:
        good = await result()

        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            heads.append(head)
            writer.write(good)

        async with runner(tmp_path / "s", answer):
            stage = RemoteStage("group", (tmp_path / "s").as_uri(), "of-the-stages")
            await stage.infer(item())
            await stage.ready()
            await stage.close()

    asyncio.run(main())
    assert len(heads) == 2
    assert all(b"authorization: bearer of-the-stages" in head.lower() for head in heads)


@pytest.mark.parametrize(("deaths", "answered"), [(2, True), (3, False)])
def test_one_that_dies_with_the_item_is_asked_anew_but_not_for_ever(
    tmp_path: Path, deaths: int, answered: bool
) -> None:
    seen = 0

    async def main() -> StageResult | HikariError:
        good = await result()

        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            nonlocal seen
            seen += 1
            if seen > deaths:
                writer.write(good)

        async with runner(tmp_path / "s", answer):
            return await ask(tmp_path / "s")

    told = asyncio.run(main())
    assert isinstance(told, StageResult if answered else Unavailable)
    assert seen == 3
    if isinstance(told, HikariError):
        assert told.retry_after


def test_words_are_passed_on_once(tmp_path: Path) -> None:
    words: list[str] = []

    async def main() -> StageResult | HikariError:
        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            line = json.dumps({"text": "A red"}).encode() + b"\n"
            writer.write(response(line, "application/x-ndjson"))

        async with runner(tmp_path / "s", answer):
            return await ask(tmp_path / "s", on_text=words.append)

    assert isinstance(asyncio.run(main()), Unavailable)
    assert words == ["A red"]


@pytest.mark.parametrize(
    ("ready", "kind", "says"),
    [
        (response(b"\n"), DeadlineExceeded, "the deadline passed"),
        (response(b"model 'g' is LOADING", status="503 Busy"), Unavailable, "'g' is LOADING"),
        (None, Unavailable, "cannot answer yet: no answer"),
    ],
)
def test_the_deadline_says_whether_the_runner_works(
    tmp_path: Path, ready: bytes | None, kind: type[HikariError], says: str
) -> None:
    async def main() -> StageResult | HikariError:
        over = asyncio.Event()

        async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
            if ready is not None and head.startswith(b"GET /readyz"):
                writer.write(ready)
            else:
                await over.wait()

        async with runner(tmp_path / "s", answer):
            told = await ask(tmp_path / "s", seconds=0.8)
            over.set()
            return told

    began = time.time()
    told = asyncio.run(main())
    assert isinstance(told, kind), told
    assert says in told.message
    assert (told.retry_after is not None) == (kind is Unavailable)
    assert time.time() - began > 0.5


def test_an_address_that_refuses_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "REFUSED_SECONDS", 0.5)

    async def main() -> None:
        stage = RemoteStage("group", f"http://127.0.0.1:{free_port()}")
        for least, most in ((0.5, 5.0), (0.0, 0.3)):
            began = time.monotonic()
            with pytest.raises(Unavailable, match="cannot be reached"):
                await stage.infer(item(60))
            assert least <= time.monotonic() - began <= most
        await stage.close()

    asyncio.run(main())


def test_an_address_is_waited_for_anew_after_it_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "REFUSED_SECONDS", 0.5)
    port = free_port()

    async def ready(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(b"\n"))
        await writer.drain()
        writer.close()

    async def main() -> None:
        stage = RemoteStage("group", f"http://127.0.0.1:{port}")
        with pytest.raises(Unavailable):
            await stage.ready()
        await asyncio.sleep(0.6)
        server = await asyncio.start_server(ready, "127.0.0.1", port)
        await stage.ready()
        server.close()
        began = time.monotonic()
        with pytest.raises(Unavailable, match="cannot be reached"):
            await stage.infer(item(60))
        assert time.monotonic() - began >= 0.5
        await stage.close()

    asyncio.run(main())


def test_what_our_supervisor_starts_is_waited_for_until_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "REFUSED_SECONDS", 0.1)
    began = time.monotonic()
    told = asyncio.run(ask(tmp_path / "nobody", seconds=1.5))
    assert isinstance(told, Unavailable)
    assert told.retry_after
    assert time.monotonic() - began > 1.2
