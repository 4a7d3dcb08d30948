"""The settings, read from the environment once and handed down as one frozen object.

Every variable begins with `HIKARI_`; `docs/settings.md` lists them all. A wrong value is one
sentence that names the variable, what it held and what would be right.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint

PREFIX = "HIKARI_"
TASKS = ("group", "references", "disease", "caption")
"""The tasks that have a runner, in the order of the cascade."""

WEIGHTS = Path(os.path.expanduser("~/.cache/hikari/weights"))
"""Where pulled weights lie unless HIKARI_WEIGHTS says otherwise."""
INDEXES = Path("indexes")
"""Where the user's reference indexes lie unless HIKARI_INDEXES says otherwise."""
LOCKS = Path(tempfile.gettempdir(), f"hikari-{os.getuid()}" if hasattr(os, "getuid") else "hikari")
"""Where processes agree on the use of a device unless HIKARI_LOCKS says otherwise: a folder of
this user on this machine."""

Place = str
"""Where a stage runs: `process`, `inline`, or the URL of a runner elsewhere."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may change without touching a file.

    Attributes:
        cascade: Cascade model that answers `/diagnose`.
        models: Folder of the model repository.
        weights: Folder of the weights that `hikari models pull` brought.
        indexes: Folder of the reference indexes that `hikari index build` wrote.
        locks: Folder by which processes agree on who may use an accelerator.
        plan: File of what this deployment's devices allow the engines; None leaves them to the
            models' configurations.
        placement: Where each task's runner lives.
        threads: Cores for each stage; 0 means an equal share of the machine.
        workers: API processes.
        max_image_bytes: Largest picture accepted, in bytes.
        max_image_pixels: Largest picture accepted, in pixels.
    """

    cascade: str = "demo"
    models: Path = Path("models")
    weights: Path = WEIGHTS
    indexes: Path = INDEXES
    locks: Path = LOCKS
    plan: Path | None = None
    placement: Mapping[str, Place] = field(default_factory=lambda: dict.fromkeys(TASKS, "process"))
    threads: int = 0
    workers: int = 1
    max_image_bytes: int = 20_000_000
    max_image_pixels: int = 50_000_000

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Reads every `HIKARI_*` variable.

        Raises:
            ConfigError: A variable is unknown or its value is out of range.
        """
        default = cls()
        known = {f.name for f in fields(cls)} | {f"{task}_runner" for task in TASKS}
        for name in environ:
            if name.startswith(PREFIX) and name[len(PREFIX) :].lower() not in known:
                variables = sorted(PREFIX + setting.upper() for setting in known)
                raise ConfigError(
                    f"{name} is no setting of this server; {hint(name, variables, quote='')}"
                )
        everywhere = environ.get("HIKARI_PLACEMENT", "process")
        placement = {
            task: _placement(f"HIKARI_{task.upper()}_RUNNER", environ, everywhere) for task in TASKS
        }
        return cls(
            cascade=environ.get("HIKARI_CASCADE", default.cascade),
            models=Path(environ.get("HIKARI_MODELS", default.models)),
            weights=Path(environ.get("HIKARI_WEIGHTS", default.weights)).expanduser(),
            indexes=Path(environ.get("HIKARI_INDEXES", default.indexes)).expanduser(),
            locks=Path(environ.get("HIKARI_LOCKS", default.locks)).expanduser(),
            plan=Path(environ["HIKARI_PLAN"]).expanduser() if "HIKARI_PLAN" in environ else None,
            placement=placement,
            threads=_number("HIKARI_THREADS", environ, default.threads, least=0),
            workers=_number("HIKARI_WORKERS", environ, default.workers, least=1),
            max_image_bytes=_number(
                "HIKARI_MAX_IMAGE_BYTES", environ, default.max_image_bytes, least=1
            ),
            max_image_pixels=_number(
                "HIKARI_MAX_IMAGE_PIXELS", environ, default.max_image_pixels, least=1
            ),
        )

    @property
    def tasks_here(self) -> tuple[str, ...]:
        """The tasks whose runners are on this machine, beside the API or in its process."""
        return tuple(task for task in TASKS if self.placement[task] in ("process", "inline"))

    def cores(self, stages: int) -> int:
        """Cores that each of `stages` on this machine may compute on."""
        return self.threads or max(1, available_cores() // max(1, stages))


def available_cores() -> int:
    """The cores that this process may run on: its affinity, and its container's quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores  # no Linux, or no cgroup of version 2
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))


def _placement(name: str, environ: Mapping[str, str], everywhere: str) -> Place:
    value = environ.get(name, everywhere)
    if value in ("process", "inline") or value.startswith(("http://", "https://")):
        return value.rstrip("/")
    source = name if name in environ else "HIKARI_PLACEMENT"
    raise ConfigError(f"{source} is '{value}', but must be process, inline or an http(s) URL")


def _number(name: str, environ: Mapping[str, str], default: int, *, least: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise ConfigError(f"{name} is '{text}', but must be a whole number of at least {least}")
    return int(text)
