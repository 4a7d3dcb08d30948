"""What vLLM reads from the environment, because it has no argument for it."""

import os

EVERYWHERE = {
    "VLLM_NO_USAGE_STATS": "1",  # nothing about a clinic's server is reported to anybody
}

ON_CPU = {
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # several stages share the cores
    "TORCHDYNAMO_DISABLE": "1",  # compiling takes longer there than it saves
}


def prepare_environment(*, on_cpu: bool, threads: int) -> None:
    """Sets the variables that are not set yet, for this process and those that vLLM starts.

    Args:
        on_cpu: Whether the engine computes on the CPU.
        threads: Cores that it may compute on there.
    """
    wanted = {**EVERYWHERE, **ON_CPU, "OMP_NUM_THREADS": str(threads)} if on_cpu else EVERYWHERE
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
