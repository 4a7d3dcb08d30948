import subprocess
import sys

SURVIVOR = """
import os, signal, threading
from hikari_serve.engines.sglang.signals import ignore_sigquit
thread = threading.Thread(target=ignore_sigquit)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGQUIT)
print("alive")
"""


def test_sigquit_is_harmless_though_a_thread_asked_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", SURVIVOR], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr
