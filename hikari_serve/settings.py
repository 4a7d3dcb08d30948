"""The settings, read from the environment once and handed down as one frozen object.

Every variable begins with `HIKARI_`; `docs/settings.md` lists them all. A wrong value is one
sentence that names the variable, what it held and what would be right.
"""

import os
import re
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint

PREFIX = "HIKARI_"

WEIGHTS = Path(os.path.expanduser("~/.cache/hikari/weights"))
"""Where pulled weights lie unless HIKARI_WEIGHTS says otherwise."""
INDEXES = Path("indexes")
"""Where the user's reference indexes lie unless HIKARI_INDEXES says otherwise."""
LOCKS = Path(tempfile.gettempdir(), f"hikari-{os.getuid()}" if hasattr(os, "getuid") else "hikari")
"""Where processes agree on the use of a device unless HIKARI_LOCKS says otherwise: a folder of
this user on this machine."""

Place = str
"""Where a stage runs: `process`, `inline`, or URLs of runners elsewhere, with commas between."""

HERE = ("process", "inline")

MOST_PORT = 65_535

_OF_STAGE = re.compile(rf"{PREFIX}([A-Z][A-Z0-9_]*)_(RUNNER|WORKERS|THREADS)")
"""The variables of single stages, such as HIKARI_DISEASE_RUNNER."""

_TOKEN = re.compile("[!-~]+")
"""What a header carries as it is."""

_INJECTED = re.compile(
    rf"{PREFIX}(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)"
)
"""What Kubernetes sets in every container for each Service whose name begins with `hikari`."""
_INJECTED_URL = re.compile(r"(?:tcp|udp|sctp)://\S+")
"""The value of the one that ends in `_PORT`, whose name alone could be a setting of ours."""


@dataclass(frozen=True, slots=True)
class StageSettings:
    """How one stage runs.

    Attributes:
        runner: Where it runs.
        workers: Processes of its runner, if that is beside the API.
        threads: Cores that each of them computes on; 0 means an equal share of the machine.
    """

    runner: Place = "process"
    workers: int = 1
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may change without touching a file.

    Attributes:
        cascade: Cascade model that answers `/diagnose`.
        stage: Stage whose runner `runners.stage:StageRunner` is.
        models: Folder of the model repository.
        weights: Folder of the weights that `hikari models pull` brought.
        indexes: Folder of the reference indexes that `hikari index build` wrote.
        locks: Folder by which processes agree on who may use an accelerator.
        plan: File of what this deployment's devices allow the engines; None leaves them to the
            models' configurations.
        placement: Where every stage runs that has no place of its own.
        threads: Cores for each stage that has no number of its own; 0 means an equal share.
        workers: API processes.
        max_image_bytes: Largest picture accepted, in bytes.
        max_image_pixels: Largest picture accepted, in pixels.
        max_requests: Requests for an answer that one API process works on at once.
        max_bytes: Bytes of their bodies at once.
        allowed_hosts: Names that the server may be called by; none means those of loopback where
            it listens on loopback, and all elsewhere.
        cors_origins: Origins whose pages may read answers in a browser.
        keys: File of the API's keys; empty lets everybody ask.
        tls_cert: File of the server's certificate, and those between it and its root; empty for
            plain HTTP.
        tls_key: File of the certificate's private key.
        audit: File of the audit log; empty for none.
        audit_key: File of the key of the audit log's HMACs.
        audit_bytes: Size at which the audit log is renamed and begun anew.
        log: Whether the log is lines of `json` or of `text`; `auto` is text on a terminal alone.
        metrics_port: Port for health and metrics alone; 0 leaves them where the rest is.
        stage_token: What stages answer to: any of these; the API says the first. None is needed
            where there is none.
        grpc_port: Where the API listens for gRPC; 0 is nowhere.
        drain_seconds: How long what runs may go on when the server is told to stop; 0 is the
            cascade's own deadline.
        stage_ca: File of the certificates that stages by https are trusted by; empty for those
            that the system trusts.
        load: Cascades to load at start besides, and versions, as `model/version`, in place of those
            that policies choose.
        model_control: `explicit` lets keys of the scope `admin` load and unload models.
        stages: Settings of single stages, by the stage's name.
    """

    cascade: str = "demo"
    stage: str = ""
    models: Path = Path("models")
    weights: Path = WEIGHTS
    indexes: Path = INDEXES
    locks: Path = LOCKS
    plan: Path | None = None
    placement: Place = "process"
    threads: int = 0
    workers: int = 1
    max_image_bytes: int = 20_000_000
    max_image_pixels: int = 50_000_000
    max_requests: int = 256
    max_bytes: int = 400_000_000
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    keys: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    audit: str = ""
    audit_key: str = ""
    audit_bytes: int = 100_000_000
    log: str = "auto"
    metrics_port: int = 0
    stage_token: tuple[str, ...] = field(default=(), repr=False)
    grpc_port: int = 8001
    drain_seconds: int = 0
    stage_ca: str = ""
    load: tuple[str, ...] = ()
    model_control: str = "none"
    stages: Mapping[str, StageSettings] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Reads every `HIKARI_*` variable; what Kubernetes sets for Services is passed over.

        Raises:
            ConfigError: A variable is unknown or its value is out of range.
        """
        own = {name: value for name, value in environ.items() if _is_ours(name, value)}
        default = cls()
        known = {PREFIX + each.name.upper() for each in fields(cls)} - {f"{PREFIX}STAGES"}
        its = fields(StageSettings)
        for name in own:
            if name not in known and not _OF_STAGE.fullmatch(name):
                valid = [*known, *(f"{PREFIX}<STAGE>_{each.name.upper()}" for each in its)]
                raise ConfigError(
                    f"{name} is no setting of this server; {hint(name, valid, quote='')}"
                )
        placement = _place("HIKARI_PLACEMENT", own, default.placement)
        threads = _number("HIKARI_THREADS", own, default.threads, least=0)
        found = {match[1] for name in own if (match := _OF_STAGE.fullmatch(name))}
        settings = cls(
            cascade=own.get("HIKARI_CASCADE", default.cascade),
            stage=own.get("HIKARI_STAGE", default.stage),
            models=_path("HIKARI_MODELS", own) or default.models,
            weights=_path("HIKARI_WEIGHTS", own) or default.weights,
            indexes=_path("HIKARI_INDEXES", own) or default.indexes,
            locks=_path("HIKARI_LOCKS", own) or default.locks,
            plan=_path("HIKARI_PLAN", own),
            placement=placement,
            threads=threads,
            workers=_number("HIKARI_WORKERS", own, default.workers, least=1),
            max_image_bytes=_number(
                "HIKARI_MAX_IMAGE_BYTES", own, default.max_image_bytes, least=1
            ),
            max_image_pixels=_number(
                "HIKARI_MAX_IMAGE_PIXELS", own, default.max_image_pixels, least=1
            ),
            max_requests=_number("HIKARI_MAX_REQUESTS", own, default.max_requests, least=1),
            max_bytes=_number("HIKARI_MAX_BYTES", own, default.max_bytes, least=1),
            allowed_hosts=_names("HIKARI_ALLOWED_HOSTS", own),
            cors_origins=_names("HIKARI_CORS_ORIGINS", own),
            keys=_file("HIKARI_KEYS", own),
            tls_cert=_file("HIKARI_TLS_CERT", own),
            tls_key=_file("HIKARI_TLS_KEY", own),
            audit=_file("HIKARI_AUDIT", own),
            audit_key=_file("HIKARI_AUDIT_KEY", own),
            audit_bytes=_number("HIKARI_AUDIT_BYTES", own, default.audit_bytes, least=1),
            log=_one_of("HIKARI_LOG", own, default.log, ("auto", "json", "text")),
            metrics_port=_number(
                "HIKARI_METRICS_PORT", own, default.metrics_port, least=0, most=MOST_PORT
            ),
            stage_token=_tokens("HIKARI_STAGE_TOKEN", own),
            grpc_port=_number("HIKARI_GRPC_PORT", own, default.grpc_port, least=0, most=MOST_PORT),
            drain_seconds=_number("HIKARI_DRAIN_SECONDS", own, default.drain_seconds, least=0),
            stage_ca=_file("HIKARI_STAGE_CA", own),
            load=_names("HIKARI_LOAD", own),
            model_control=_one_of(
                "HIKARI_MODEL_CONTROL", own, default.model_control, ("none", "explicit")
            ),
            stages={
                stage.lower(): StageSettings(
                    runner=_place(f"{PREFIX}{stage}_RUNNER", own, placement),
                    workers=_number(f"{PREFIX}{stage}_WORKERS", own, 1, least=1),
                    threads=_number(f"{PREFIX}{stage}_THREADS", own, threads, least=0),
                )
                for stage in found
            },
        )
        if settings.max_bytes < 2 * settings.max_image_bytes:
            raise ConfigError(
                f"HIKARI_MAX_BYTES is {settings.max_bytes}, but must be at least twice "
                f"HIKARI_MAX_IMAGE_BYTES, which is {settings.max_image_bytes}: no picture of that "
                "size could come in"
            )
        return settings

    def of_stage(self, name: str) -> StageSettings:
        """How a stage runs."""
        return self.stages.get(name) or StageSettings(self.placement, 1, self.threads)

    def in_one_process(self) -> "Settings":
        """These, with every stage in the process that asks."""
        stages = {name: replace(each, runner="inline") for name, each in self.stages.items()}
        return replace(self, placement="inline", workers=1, stages=stages)

    def check_stages(self, names: Collection[str]) -> None:
        """Refuses settings of stages that are not there.

        Args:
            names: The stages of the served cascade.

        Raises:
            ConfigError: A variable names another.
        """
        for stage in self.stages:
            if stage not in names:
                raise ConfigError(
                    f"{PREFIX}{stage.upper()}_*: cascade '{self.cascade}' has no stage '{stage}'; "
                    f"{hint(stage, names)}"
                )

    def here(self, names: Collection[str]) -> list[str]:
        """The stages that run on this machine, beside the API or in its process."""
        return [name for name in names if self.of_stage(name).runner in HERE]

    def processes(self, name: str) -> int:
        """In how many processes of one machine a stage runs."""
        its = self.of_stage(name)
        return self.workers if its.runner == "inline" else its.workers

    def cores(self, name: str, here: Collection[str]) -> int:
        """Cores that each process of a stage may compute on.

        Args:
            name: The stage.
            here: The stages on this machine, this one among them.
        """
        processes = sum(map(self.processes, here))
        return self.of_stage(name).threads or max(1, available_cores() // max(1, processes))


def available_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """The cores that this process may run on: its affinity, and its container's quota.

    Args:
        cgroup: Where the container's cgroup is mounted, of version 2 or 1.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        with suppress(OSError, ValueError):
            quota, period = " ".join((cgroup / each).read_text() for each in files).split()
            if quota in ("max", "-1"):
                return cores
            return max(1, min(cores, int(quota) // int(period)))
    return cores  # no container, or no Linux


def _is_ours(name: str, value: str) -> bool:
    """Whether a variable is meant for this server, and not set by Kubernetes for a Service."""
    if not name.startswith(PREFIX) or _INJECTED.fullmatch(name):
        return False
    return not (name.endswith("_PORT") and _INJECTED_URL.fullmatch(value))


def _place(name: str, environ: Mapping[str, str], everywhere: Place) -> Place:
    value = environ.get(name, everywhere)
    urls = [each.strip().rstrip("/") for each in value.split(",")]
    if value in HERE or all(_is_url(each) for each in urls):
        return ",".join(urls)
    raise ConfigError(
        f"{name} is '{value}', but must be process, inline, or http(s) URLs with commas between"
    )


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _one_of(name: str, environ: Mapping[str, str], default: str, known: Collection[str]) -> str:
    value = environ.get(name, default)
    if value not in known:
        raise ConfigError(f"{name} is '{value}', but must be one of {', '.join(known)}")
    return value


def _path(name: str, environ: Mapping[str, str]) -> Path | None:
    if name not in environ:
        return None
    if not environ[name]:
        raise ConfigError(f"{name} is empty, but must be a path; unset it for its default")
    return Path(os.path.expanduser(environ[name]))


def _file(name: str, environ: Mapping[str, str]) -> str:
    """The path of what a deployment may go without; the empty word where none is named."""
    return str(_path(name, environ) or "")


def _names(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(each.strip() for each in environ.get(name, "").split(",") if each.strip())


def _tokens(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    tokens = _names(name, environ)
    if name in environ and not tokens:
        raise ConfigError(f"{name} has no token, but must be tokens with commas between")
    if not all(_TOKEN.fullmatch(each) for each in tokens):  # no token is quoted
        raise ConfigError(f"{name}: a token is of visible ASCII characters, without blanks")
    return tokens


def _number(
    name: str, environ: Mapping[str, str], default: int, *, least: int, most: int | None = None
) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        top = "" if most is None else f" and at most {most}"
        raise ConfigError(
            f"{name} is '{text}', but must be a whole number of at least {least}{top}"
        )
    return int(text)
