"""The NVIDIA card of this machine, as its driver's own tool tells of it."""

import subprocess

from hikari_serve.errors import ConfigError
from hikari_serve.scheduling.starting import physical_name

MIB = 1024**2

DRIVER = "580"
"""The oldest driver that the CUDA 13 of vLLM's and torch's wheels runs on."""


def card_bytes(device: str) -> int:
    """The memory of the card that a device is.

    Args:
        device: By torch's name; CUDA_VISIBLE_DEVICES is heeded.

    Raises:
        ConfigError: This machine has no driver, no such card, or it says nothing of its memory.
    """
    if not device.startswith("cuda"):
        raise ConfigError(f"the size of '{device}' is not known: say it with --gpu")
    card = physical_name(device).removeprefix("cuda-")
    command = ["nvidia-smi", f"--id={card}", "--query-gpu=memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        raise ConfigError(
            "this machine has no NVIDIA driver (nvidia-smi does not answer): install version "
            f"{DRIVER} or newer, or say the card's size with --gpu"
        ) from None
    words = done.stdout.split()
    if done.returncode or len(words) != 2 or not words[0].isdecimal() or words[1] != "MiB":
        said = " ".join((done.stdout + done.stderr).split())
        raise ConfigError(f"nvidia-smi says nothing of the memory of '{device}': {said}")
    return int(words[0]) * MIB
