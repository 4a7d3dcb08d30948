"""Pictures are decoded in few threads, and only while somebody waits for them."""

import asyncio
import threading
import time

import pytest

from hikari_serve.cascade.decoder import Decoder
from hikari_serve.errors import DeadlineExceeded
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.settings import available_cores
from tests.scripted import Bench


@pytest.mark.parametrize("leaves", [False, True])
def test_a_picture_that_waits_is_dropped(leaves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its deadline passes or its caller leaves, and nothing of it is decoded afterwards."""
    bench, decoder, free = Bench(), Decoder(PictureLimits()), threading.Event()
    decoded: list[bytes] = []
    monkeypatch.setattr(
        "hikari_serve.cascade.decoder.read_picture", lambda image, *_: decoded.append(image)
    )

    async def main() -> None:
        busy = [asyncio.create_task(decoder.run(free.wait, 5)) for _ in range(available_cores())]
        deadline = time.time() + (60 if leaves else 0.05)
        graph = bench.cascade.graph
        reading = asyncio.create_task(
            decoder.read(bench.image, graph, 0.0, priority=5, deadline=deadline)
        )
        await asyncio.sleep(0.02)
        if leaves:
            reading.cancel()
        with pytest.raises(asyncio.CancelledError if leaves else DeadlineExceeded):
            await reading
        free.set()
        await asyncio.gather(*busy)
        await decoder.run(lambda: None, 9)  # after all that waited

    asyncio.run(main())
    assert decoded == []
