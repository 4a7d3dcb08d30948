"""A short form of the mischief at every door; `make mischief` is the long one."""

import asyncio

from tests.attack.doors import LESS, torment
from tests.served.server import Server


def test_every_request_has_its_own_outcome_at_every_door(server: Server) -> None:
    before = server.log.read_text().count("Traceback")
    ends = asyncio.run(torment(server, 60, seed=11))
    assert not [end for end in ends if end.startswith("wrong")]
    assert set(ends) - {LESS} == {"right", "late", "left"}
    assert server.log.read_text().count("Traceback") == before
