"""The supervisor of a server's processes: circus', which `bentoml serve` starts them with.

BentoML lets it listen for commands on TCP ports without a password, look every 10 seconds for dead
processes and say nothing about them, stop all at once, and leave its processes behind when it is
killed. What stands here changes that, in ways that circus does not promise;
`tests/serving/test_arbiter.py` fails when a release changes any of it.
"""

import atexit
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from _bentoml_impl.server import serving
from bentoml._internal.utils import circus
from circus import controller
from circus.process import DEAD_OR_ZOMBIE, UNEXISTING
from circus.sighandler import SysHandler
from circus.sockets import CircusSocket
from tornado import gen

from hikari_serve.errors import HikariError
from hikari_serve.observability.counts import PLACE
from hikari_serve.observability.metrics import forget_gauges
from hikari_serve.serving.inherited import BEGAN, CONTROL, HOST, LOOPBACK_ADDRESSES, PROBES_FD
from hikari_serve.serving.lifeline import exit_with_parent, lifeline
from hikari_serve.serving.ports import hold
from hikari_serve.serving.run_folder import RunFolder

logger = logging.getLogger("bentoml.serve")

CLOSE_SECONDS = 0.5
"""Within this a process that is told to stop takes no more connections."""

CHECK_SECONDS = 0.25
"""How often to look for dead processes; a look that finds none is one system call."""

COUNTS = "metrics"
"""The folder, in that of this start, in which the processes count."""

PROBES = "probes"
"""circus' name for the socket for health and metrics."""


# Threads that wait for the next step of a model let go of their core, which another stage computes
# on, or the API. OpenMP reads this when it is loaded; an own value stays.
WAITING = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE")}


@dataclass(frozen=True, slots=True)
class Entrance:
    """How the service that `bentoml serve` was started for lets callers in.

    Attributes:
        guard: The setting that would have strangers refused, where it is not set; else empty.
        metrics_port: Port for health and metrics alone; 0 for none.
        grpc_port: Port for gRPC, which the service's processes share; 0 for none.
        drain_seconds: How long what runs may go on when the server is told to stop.
    """

    guard: str = ""
    metrics_port: int = 0
    grpc_port: int = 0
    drain_seconds: float = 30.0


def enter_by(entrance: Entrance) -> None:
    """Has the supervisor let callers in so; the last call before it starts counts."""
    global _entrance
    _entrance = entrance


class _Arbiter(circus.Arbiter):  # type: ignore[misc]
    """A supervisor that looks only where there is something to see, and stops in order."""

    def manage_watchers(self) -> Any:
        """Starts anew what died, unless circus is starting or stopping everything right now.

        It would refuse a command that comes while it manages, SIGTERM among them, so it should
        not do so four times a second.
        """
        if self._exclusive_running_command is None and _somebody_died():
            return super().manage_watchers()
        return None

    def stop(self) -> Any:
        """Stops; BentoML would remove the runners' sockets first."""
        kept = self.exit_stack.pop_all()
        stopped = super().stop()
        stopped.add_done_callback(lambda _: kept.close())
        return stopped

    @gen.coroutine
    def _stop_watchers(
        self, close_output_streams: bool = False, watcher_iter_func: Any = None
    ) -> Any:
        """Stops the service first, and only then the runners that its last requests still need."""
        *runners, service = self.watchers
        stopped = service._stop(close_output_streams)
        if self._stopping:
            yield gen.sleep(CLOSE_SECONDS)
            self._refuse()
        yield stopped
        yield [runner._stop(close_output_streams) for runner in runners]

    def _refuse(self) -> None:
        """Refuses connections from now on: every process has the socket, and none would answer."""
        for each in self.sockets.values():
            if each.name in (serving.API_SERVER_NAME, PROBES):
                with suppress(OSError):  # it never listened
                    each.shutdown(socket.SHUT_RDWR)


class Signals(SysHandler):  # type: ignore[misc]
    """The first signal to stop lets what runs end; the second ends everything at once."""

    _stopping = False

    def quit(self) -> None:
        """Stops, or kills what is still stopping."""
        if self._stopping:
            logger.warning("told to stop a second time: what still runs is killed")
            for watcher in self.controller.arbiter.watchers:
                for process in watcher.get_active_processes():
                    process.send_signal(signal.SIGKILL)
            return
        self._stopping = True
        super().quit()


controller.SysHandler = Signals


class Supervisor(_Arbiter):
    """One that says in a sentence why it cannot start."""

    def start(self, cb: Any = None) -> None:
        """Supervises until it is told to stop."""
        try:
            super().start(cb)
        except OSError as error:
            address = next(
                (each.location for each in self.sockets.values() if not _listens(each)),
                "the sockets",
            )
            sys.exit(f"hikari: cannot listen on {address}: {os.strerror(error.errno or 0)}")
        except RuntimeError as error:
            sys.exit(f"hikari: a process ended that is not started anew here: {error}")


class _ThreadedSupervisor(_Arbiter, circus.ThreadedArbiter):  # type: ignore[misc]
    """The same in a thread, as `bentoml.serve` runs it."""


_entrance = Entrance()

_held: list[socket.socket] = []
"""What holds the port for gRPC."""


@cache
def _run_folder() -> RunFolder:
    try:
        folder = RunFolder()
    except OSError as error:
        sys.exit(f"hikari: no folder for sockets and metrics: {error}")
    atexit.register(folder.remove)
    return folder


def supervisor(watchers: Sequence[Any], *, threaded: bool = False, **options: Any) -> Any:
    """In place of BentoML's `create_standalone_arbiter`.

    Args:
        watchers: circus' watchers, one a service.
        threaded: Whether to supervise in a thread.
        options: Of circus' arbiter, such as the sockets.
    """
    folder = _run_folder()
    (own,) = (each for each in options["sockets"] if each.name == serving.API_SERVER_NAME)
    if _entrance.guard and own.host not in LOOPBACK_ADDRESSES:
        logger.warning("anybody who can reach %s may ask: set %s", own.host, _entrance.guard)
    if port := _entrance.grpc_port:
        try:
            _held.extend(hold(own.host, port))
        except HikariError as error:
            sys.exit(f"hikari: {error.message}")
    environment = {
        **WAITING,
        **lifeline(),
        BEGAN: str(time.time()),
        HOST: own.host,
        CONTROL: str(folder.folder("control")),
        "PROMETHEUS_MULTIPROC_DIR": str(folder.folder(COUNTS)),
    }
    for watcher in watchers:
        watcher.env = {**(watcher.env or {}), **environment}
        watcher.hooks.update(before_spawn=_give_place, after_reap=_tell_of_death)
        watcher.manage_processes = _reaping(watcher)
        watcher.graceful_timeout = _entrance.drain_seconds
        # A process beside others is started anew in a container too, because what is left of them
        # goes on; one that is alone ends with its supervisor, so that the orchestrator sees it.
        watcher.respawn = watcher.respawn or len(watchers) > 1 or watcher.numprocesses > 1
    if port := _entrance.metrics_port:
        probes = CircusSocket(PROBES, own.host, port, own.family, backlog=own.backlog)
        options["sockets"].append(probes)
        watchers[-1].env[PROBES_FD] = str(probes.fileno())  # the service itself comes last
    logging.getLogger("circus").addFilter(_not_said_already)
    kind = _ThreadedSupervisor if threaded else Supervisor
    return kind(
        list(watchers),
        endpoint=f"ipc://{folder.path}/commands",
        pubsub_endpoint=f"ipc://{folder.path}/events",
        check_delay=options.pop("check_delay", CHECK_SECONDS),
        **options,
    )


def _listens(each: Any) -> bool:
    return bool(each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _not_said_already(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Could not bind")


def _give_place(watcher: Any, **_: Any) -> bool:
    name = watcher.name.replace("_", "-")  # prometheus_client reads files' names up to the next _
    watcher.env[PLACE] = f"{name}-{watcher._nextwid}"
    return True


def _tell_of_death(watcher: Any, process_pid: int, exit_code: int, **_: Any) -> bool:
    forget_gauges(process_pid, _run_folder().folder(COUNTS))
    if not watcher.is_stopping() and not watcher.is_stopped():
        then = "a new one is started" if watcher.respawn else "no new one is started"
        name = watcher.name.removeprefix("service_")
        logger.warning(
            "process %d of %s ended with exit code %s; %s", process_pid, name, exit_code, then
        )
        watcher.env[BEGAN] = str(time.time())
    return True


def _reaping(watcher: Any) -> Callable[[], Any]:
    """The watcher's `manage_processes`, which forgets without a word who died a moment ago."""
    manage = watcher.manage_processes

    def reap_and_manage() -> Any:
        for process in list(watcher.processes.values()):
            if process.status in (DEAD_OR_ZOMBIE, UNEXISTING):
                watcher.reap_process(process.pid)
        return manage()

    return reap_and_manage


def _somebody_died() -> bool:
    """Whether a child ended that was not waited for; always, where the system cannot tell."""
    if not hasattr(os, "waitid"):
        return True
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _make_folder(prefix: str) -> str:
    return str(_run_folder().folder("sockets"))


circus.create_standalone_arbiter = supervisor
serving.tempfile = SimpleNamespace(mkdtemp=_make_folder)  # for the folder of the sockets alone
exit_with_parent()
