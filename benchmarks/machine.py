"""The machine that was measured on, and the memory that processes take on it."""

import os
import platform
import re
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psutil

from hikari_serve import __version__

PACKAGES = ("bentoml", "litserve", "fastapi", "torch", "transformers", "aiohttp")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a reader must know to compare.

    Attributes:
        processor: Its name.
        cores: Cores that the system shows.
        memory_gb: Installed memory, in units of 10^9 bytes.
        system: Operating system and architecture.
        load: How many processes wanted a core in the minute before the run.
        day: When the run was.
        versions: Of Python, this server and what it stands on.
    """

    processor: str
    cores: int
    memory_gb: float
    system: str
    load: float
    day: str
    versions: str

    @classmethod
    def here(cls) -> "Machine":
        """This machine, now."""
        stands_on = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        return cls(
            processor=_processor(),
            cores=os.cpu_count() or 1,
            memory_gb=psutil.virtual_memory().total / 1e9,
            system=f"{platform.system()} {platform.machine()}",
            load=os.getloadavg()[0],
            day=date.today().isoformat(),
            versions=f"hikari-serve {__version__}, Python {platform.python_version()}, {stands_on}",
        )


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", described.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "unknown processor"


def resident_bytes(root: int) -> int:
    """Memory of a process and all below it.

    Where the system tells (Linux), what several of them share of a file counts once, whoever else
    on the machine has that file open.
    """
    process = psutil.Process(root)
    family = (process, *process.children(recursive=True))
    if not hasattr(process, "memory_maps"):
        return sum(one.memory_info().rss for one in family)
    own, shared = 0, dict[str, int]()
    for one in family:
        for part in one.memory_maps():
            if part.path.startswith("/"):
                own += part.private_clean + part.private_dirty
                common = part.shared_clean + part.shared_dirty
                shared[part.path] = max(shared.get(part.path, 0), common)
            else:
                own += part.pss
    return own + sum(shared.values())
