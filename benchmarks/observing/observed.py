"""The service as it is, over engines that repeat themselves."""

import benchmarks.observing.repeating  # noqa: F401
from service import Hikari

__all__ = ["Hikari"]
