"""The machine that was measured on, and the card's own figures."""

import os
import platform
import re
import subprocess
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.floor import Peak, reached
from benchmarks.gpu.subject import Subject

PACKAGES = ("torch", "transformers", "vllm", "sglang", "bitsandbytes", "flashinfer-python")


def peak_of(subject: Subject) -> Peak:
    """What the device can do at most."""
    return Peak.of(torch.device(subject.device), getattr(torch, subject.dtype))


def machine_entry(subject: Subject, peak: Peak) -> dict[str, Any]:
    """The line of the journal that tells where the rows after it were measured."""
    device = torch.device(subject.device)
    flops, bandwidth = reached(device, getattr(torch, subject.dtype))
    return {
        "kind": "machine",
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
        "subject": subject.name,
        "device": _device(device),
        "driver": _driver() if device.type == "cuda" else None,
        "peak": asdict(peak),
        "reached": {"flops": flops, "bandwidth": bandwidth},
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _device(device: torch.device) -> str:
    if device.type != "cuda":
        return "the CPU"
    card = torch.cuda.get_device_properties(device)
    return (
        f"{card.name}, {card.total_memory / 1e9:.1f} GB, compute capability "
        f"{card.major}.{card.minor}, {card.multi_processor_count} multiprocessors"
    )


def _driver() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version,power.limit,clocks.max.sm"]
    try:
        done = subprocess.run(
            [*command, "--format=csv,noheader"], capture_output=True, text=True, timeout=30
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.partition("\n")[0].strip() or None


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    text = described.read_text() if described.is_file() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or "unknown processor"


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
