"""What vLLM's own code makes of the environment that an engine is opened in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOW_IT_STARTS = """
from hikari_serve.engines.vllm.environment import prepare_environment

prepare_environment(on_cpu={on_cpu}, threads=1)
from vllm import envs
from vllm.utils.system_utils import get_mp_context

print(
    get_mp_context().get_start_method(),
    envs.VLLM_ENGINE_READY_TIMEOUT_S,
    envs.VLLM_USE_FLASHINFER_SAMPLER,
)
"""


def said(script: str, **environ: str) -> str:
    """The last line that a fresh process prints; vLLM prints others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VLLM_")}
    before = kept.get("PYTHONPATH")
    path = os.pathsep.join([str(ROOT), *([before] if before else [])])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**kept, "PYTHONPATH": path, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def test_vllm_itself_would_fork() -> None:
    """The reason for the variable; the build for CPUs sets it, but not before it has a model."""
    script = HOW_IT_STARTS.replace("prepare_environment(", "(lambda **_: None)(")
    assert said(script.format(on_cpu=False)) == "fork 600 True"


@pytest.mark.parametrize("on_cpu", [True, False], ids=["cpu", "gpu"])
@pytest.mark.parametrize("before", [{}, {"VLLM_WORKER_MULTIPROC_METHOD": "fork"}])
def test_engines_are_spawned_by_either_build(on_cpu: bool, before: dict[str, str]) -> None:
    assert said(HOW_IT_STARTS.format(on_cpu=on_cpu), **before) == "spawn 3600 False"


def test_an_own_time_to_start_stays() -> None:
    before = {"VLLM_ENGINE_READY_TIMEOUT_S": "90"}
    assert said(HOW_IT_STARTS.format(on_cpu=False), **before) == "spawn 90 False"


def test_a_check_of_parameters_fixes_nothing() -> None:
    """vLLM reads the time to start when its client is imported, which only an engine does."""
    script = """
import sys
from hikari_serve.engines.vllm.backend import check_parameters

check_parameters({"max_num_seqs": 4})
print("vllm.engine.arg_utils" in sys.modules, "vllm.v1.engine.core_client" in sys.modules)
"""
    assert said(script) == "True False"
