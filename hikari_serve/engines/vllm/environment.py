"""What vLLM reads from the environment, because it has no argument for it."""

import os

ALWAYS = {
    # vLLM forks its engine on Linux GPUs unless told otherwise. A forked process believes that it
    # has loaded its plugins already, so the watch on its parent (`orphans.py`) never starts there
    # and a killed runner would leave its GPU memory taken.
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
}

EVERYWHERE = {
    "VLLM_NO_USAGE_STATS": "1",  # nothing about a clinic's server is reported to anybody
    # vLLM's own 600 s are less than 17 GB take from a slow disk; a process that hangs while it
    # starts is the orchestrator's to end
    "VLLM_ENGINE_READY_TIMEOUT_S": "3600",
    # nothing is sampled here, and FlashInfer compiles its sampler on the machine that starts it
    "VLLM_USE_FLASHINFER_SAMPLER": "0",
}

ON_CPU = {
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # several stages share the cores
    "TORCHDYNAMO_DISABLE": "1",  # compiling takes longer there than it saves
}


def prepare_environment(*, on_cpu: bool, threads: int) -> None:
    """Sets variables for this process and those that vLLM starts; call it before vLLM is imported.

    What stands in `ALWAYS` is set whatever stood there before, the others if nothing did.

    Args:
        on_cpu: Whether the engine computes on the CPU.
        threads: Cores that it may compute on there.
    """
    os.environ |= ALWAYS
    wanted = {**EVERYWHERE, **ON_CPU, "OMP_NUM_THREADS": str(threads)} if on_cpu else EVERYWHERE
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
