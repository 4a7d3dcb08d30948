"""Ends vLLM's processes with the process that started them.

vLLM's engine process does not notice that its parent was killed, as the kernel does when memory
is short. It would keep its GPU memory, and the runner that takes the dead one's place would find
none.
"""

import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from threading import Thread


def exit_with_parent() -> None:
    """Watches the parent of a process of vLLM's; does nothing in one that vLLM did not start.

    vLLM calls it in each of its processes, as its plugin (`vllm.general_plugins` in
    pyproject.toml).
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_follow, args=(parent,), name="exit-with-parent", daemon=True).start()


def _follow(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)
