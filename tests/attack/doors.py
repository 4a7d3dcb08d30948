"""Mischief at every door: `python -m tests.attack.doors`, and a short form of it in the suite.

Pictures come whole, broken, and whole beside broken ones; callers hang up at random moments, wait
for a millisecond, or ask for the same at once, while runners are killed and versions of models come
and go. Every request must have exactly one outcome: the right answer, its own error, or, if it has
little time, that it is late, or an answer that says which input a stage had to do without.
"""

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import tritonclient.grpc as grpc_parts
import tritonclient.grpc.aio as over_grpc
import tritonclient.http as http_parts
import tritonclient.http.aio as over_http
from tritonclient.utils import InferenceServerException

from hikari_serve.drawing.cases import draw_cases
from tests.attack.versions import ADMIN, come_and_go, repository
from tests.served.pictures import png
from tests.served.server import Server, serving

IN_FLIGHT = 12
RUNNERS = ("GroupRunner", "ReferencesRunner", "DiseaseRunner", "CaptionRunner")
BROKEN = b"no picture"
PATIENCE_S = 240.0

LESS = "less"
"""How an answer is told for which there was no time to wait for an optional input."""

Label = str
Ask = Callable[[list[bytes], float], Awaitable[list[Label]]]
"""From pictures and seconds to the label of each, or the code of its error."""


class Late(Exception):
    """The deadline passed, or a stage was not there again before it."""


LATE = {"deadline_exceeded", "unavailable"}
"""The codes that say so."""


@dataclass
class Doors:
    """The doors of a server, each asked with its own client and the same headers."""

    web: httpx.AsyncClient
    by_http: over_http.InferenceServerClient
    by_grpc: over_grpc.InferenceServerClient
    headers: dict[str, str]

    async def diagnose(self, pictures: list[bytes], seconds: float) -> list[Label]:
        return [await self._one(each, seconds) for each in pictures]

    async def _one(self, picture: bytes, seconds: float) -> Label:
        form = {"timeout_ms": str(int(seconds * 1000) or 1)}
        said = await self.web.post("/diagnose", files={"image": picture}, data=form)
        body = said.json()
        if body.get("code") in LATE:
            raise Late
        return str(body.get("code") or _label(body))

    async def http(self, pictures: list[bytes], seconds: float) -> list[Label]:
        return await self._infer(self.by_http, http_parts, pictures, seconds)

    async def grpc(self, pictures: list[bytes], seconds: float) -> list[Label]:
        return await self._infer(self.by_grpc, grpc_parts, pictures, seconds)

    async def stream(self, pictures: list[bytes], seconds: float) -> list[Label]:
        async def asked() -> AsyncIterator[dict[str, object]]:
            yield {
                "model_name": "demo",
                "inputs": [_images(grpc_parts, pictures)],
                "outputs": _wanted(grpc_parts),
                "timeout": int(seconds * 1e6),
            }

        async for result, error in self.by_grpc.stream_infer(asked(), headers=dict(self.headers)):
            if error is not None:
                raise error
            if result.get_response().parameters["triton_final_response"].bool_param:
                return _labels(result)
        raise AssertionError("the stream ended without its last response")

    async def _infer(
        self, client: object, parts: object, pictures: list[bytes], seconds: float
    ) -> list[Label]:
        answer = await client.infer(  # type: ignore[attr-defined]
            "demo",
            [_images(parts, pictures)],
            outputs=_wanted(parts),
            timeout=int(seconds * 1e6),
            headers=dict(self.headers),  # tritonclient adds its own
        )
        return _labels(answer)


def _images(parts: object, pictures: list[bytes]) -> object:
    images = parts.InferInput("image", [len(pictures)], "BYTES")  # type: ignore[attr-defined]
    images.set_data_from_numpy(np.array(pictures, dtype=object))
    return images


def _wanted(parts: object) -> list[object]:
    names = ("answer", "disease.label", "error")
    return [parts.InferRequestedOutput(name) for name in names]  # type: ignore[attr-defined]


def _labels(answer: object) -> list[Label]:
    answers, labels, errors = (
        answer.as_numpy(name)  # type: ignore[attr-defined]
        for name in ("answer", "disease.label", "error")
    )
    codes = [json.loads(error)["code"] if error else "" for error in errors]
    if LATE & {*codes}:
        raise Late
    told: list[Label] = []
    for code, label, said in zip(codes, labels, answers, strict=True):
        if code:
            told.append(code)
            continue
        its = json.loads(said)
        assert label.decode() == ((its["disease"] or {}).get("label") or "unknown")
        told.append(_label(its))
    return told


def _label(answer: dict[str, Any]) -> Label:
    """What it says the disease is; a stage without a result is late, or makes a label of its own.

    Raises:
        Late: A stage had no time.
    """
    for stage in answer["stages"]:
        if stage["error"] and stage["error"]["code"] in LATE:
            raise Late
        if stage["error"]:
            return f"partial: {stage['name']}: {stage['error']}"
    if any(stage["missing_inputs"] for stage in answer["stages"]):
        return LESS
    return str(answer["disease"]["label"] or "unknown")


async def torment(server: Server, count: int, seed: int, key: str = "") -> Counter[str]:
    """Asks so many times; counts how it ended, `wrong: ...` among it where it must not end so."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    dice = random.Random(seed)
    pictures = [png(drawing.image) for drawing in draw_cases(6, 50_000)]
    ends: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        doors = Doors(
            await enter(
                httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S + 10, headers=headers)
            ),
            await enter(
                over_http.InferenceServerClient(
                    server.url.removeprefix("http://"), conn_timeout=PATIENCE_S + 10
                )
            ),
            await enter(over_grpc.InferenceServerClient(server.grpc)),
            headers,
        )
        right = dict(zip(pictures, await doors.diagnose(pictures, PATIENCE_S), strict=True))
        right[BROKEN] = "unsupported_image"
        places = asyncio.Semaphore(IN_FLIGHT)

        async def once() -> None:
            ask = dice.choice([doors.diagnose, doors.http, doors.grpc, doors.stream])
            mischief = dice.choice(["none", "broken", "mixed", "hang up", "hurry", "same"])
            picture = dice.choice(pictures)
            sent = {"broken": [BROKEN], "mixed": [picture, BROKEN, dice.choice(pictures)]}
            asked = sent.get(mischief, [picture])
            seconds = dice.choice([0.001, 0.05, 0.5]) if mischief == "hurry" else PATIENCE_S
            left = dice.uniform(0.0, 0.5) if mischief == "hang up" else None
            copies = 4 if mischief == "same" else 1
            calls = [_outcome(ask(asked, seconds), left) for _ in range(copies)]
            wanted = [right[each] for each in asked]
            async with places:
                for found in await asyncio.gather(*calls):
                    allowed = {"hurry": [wanted, [LESS], "late"], "hang up": [wanted, "left"]}
                    fits = found in allowed.get(mischief, [wanted])
                    told = "right" if found == wanted else LESS if found == [LESS] else str(found)
                    ends[told if fits else f"wrong: {mischief}: {found}, not {wanted}"] += 1

        await asyncio.gather(*(once() for _ in range(count)))
        ends["right"] += int(await doors.diagnose(pictures, PATIENCE_S) == list(right.values())[:6])
    return ends


async def _outcome(call: Awaitable[list[Label]], left: float | None) -> list[Label] | str:
    try:
        return await asyncio.wait_for(call, left)
    except TimeoutError:
        return "left"
    except Late:
        return "late"
    except InferenceServerException as error:
        if "deadline" in error.message().lower() or "DEADLINE" in str(error.status()):
            return "late"
        return f"{error.status()} {error.message()}"


def main() -> None:
    """Torments a server of its own; kills its runners and changes its models meanwhile."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two kills")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two loads")
    options = parser.parse_args()
    dice = random.Random(3)

    kills = 0

    async def run(server: Server, models: Path) -> Counter[str]:
        async def kill() -> None:
            nonlocal kills
            while True:
                await asyncio.sleep(options.every)
                with suppress(LookupError):  # it is dead already
                    os.kill(server.worker(dice.choice(RUNNERS)), signal.SIGKILL)
                    kills += 1

        killing = asyncio.create_task(kill())
        changing = asyncio.create_task(come_and_go(server, models, options.pause))
        try:
            ends = await torment(server, options.requests, 7, ADMIN)
        finally:
            killing.cancel()
            changing.cancel()
        return ends + await changing

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings: dict[str, Any] = repository(home)
        with serving(home / "server", **settings) as server:
            ends = asyncio.run(run(server, home / "models"))
    print(f"{ends.total()} outcomes, {kills} kills: {dict(ends)}")
    if any(end.startswith("wrong") for end in ends):
        sys.exit("a request did not end as it must")


if __name__ == "__main__":
    main()
