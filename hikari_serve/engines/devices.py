"""The device that an engine computes on, as its configuration names it."""

import torch

from hikari_serve.errors import ConfigError


def open_device(name: str) -> torch.device:
    """Finds a device by torch's name for it: `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises:
        ConfigError: This machine has no such device. Nothing ever falls back to the CPU.
    """
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (AssertionError, NotImplementedError, RuntimeError):
        raise ConfigError(
            f"this machine has no device '{name}': set `engine.device` to one that it has, "
            "for example `cpu`"
        ) from None
    return device


def free_memory(device: torch.device) -> None:
    """Hands memory that torch keeps for later back to the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that a device's memory was full; the CPU and MPS say it in words."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    words = ("out of memory", "can't allocate memory")
    return isinstance(error, RuntimeError) and any(part in str(error) for part in words)
