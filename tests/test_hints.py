"""What a mistaken name may have meant."""

import time

from hikari_serve.hints import LONGEST, hint

NAMES = ("image", "until")


def test_the_nearest_name_is_asked_for() -> None:
    assert hint("imaeg", NAMES) == "did you mean `image`?"
    assert hint("colour", NAMES) == "there are image, until"
    assert hint("colour", NAMES, otherwise="see there") == "see there"


def test_a_name_that_is_far_too_long_is_compared_with_none() -> None:
    long = "x" * LONGEST
    assert hint(f"{long}y", [long]) == f"there are {long}"
    began = time.monotonic()
    assert hint("a" * 10_000_000, NAMES) == "there are image, until"
    assert time.monotonic() - began < 0.2  # comparing takes seconds
