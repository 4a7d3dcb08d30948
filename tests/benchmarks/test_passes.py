import asyncio

import pytest

from benchmarks.passes import Pass, Reply, Speed, closed_loop


def test_only_what_came_while_all_were_busy_counts() -> None:
    # two clients, an answer each every second, the first two late
    ends = (5.0, 5.0, 6.0, 6.0, 7.0, 7.0, 7.5, 7.5)
    replies = tuple(Reply(i, end - 1, end, None) for i, end in enumerate(ends))
    one = Pass(2, replies)
    assert [reply.ended for reply in one.steady] == [6.0, 6.0, 7.0, 7.0]
    assert one.rate == pytest.approx(2.0)


def test_speed_is_the_median_pass_and_all_latencies() -> None:
    def made(gap: float) -> Pass[None]:
        return Pass(1, tuple(Reply(i, i * gap, (i + 1) * gap, None) for i in range(5)))

    speed = Speed.of([made(0.1), made(0.2), made(0.5)])
    assert speed.rate == pytest.approx(5.0)
    assert speed.requests == 9
    assert speed.p50 == pytest.approx(200)


def test_so_many_ask_at_once_and_every_question_once() -> None:
    busy, most = 0, 0

    async def ask(question: int) -> int:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.001)
        busy -= 1
        return question

    one = asyncio.run(closed_loop(ask, range(100, 120), 3))
    assert most == 3
    assert sorted(reply.answer for reply in one.replies) == list(range(100, 120))
    assert all(reply.answer == 100 + reply.index for reply in one.replies)
