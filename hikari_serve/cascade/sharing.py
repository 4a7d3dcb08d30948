"""Whether the engines of one machine can share its GPUs as they are configured.

vLLM takes its share of a card when it starts, and one that finds too little of it does not start:
after minutes, and in the log of another process.
"""

from collections.abc import Iterable

from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import CascadeConfig

DEFAULT_SHARE = 0.92
"""What vLLM 0.32 takes of a card unless `gpu_memory_utilization` says otherwise."""


def check_shares(cascade: str, models: Iterable[ModelConfig]) -> None:
    """Returns if the vLLM engines of each GPU fit beside each other, one of those that take turns.

    Args:
        cascade: Name of the cascade.
        models: Those of its models that run on this machine.

    Raises:
        ConfigError: They do not; the message names the command that shares the card.
    """
    sharing: dict[str, tuple[dict[str, float], dict[str, float]]] = {}
    for model in models:
        hikari = model.hikari
        if isinstance(hikari, CascadeConfig) or model.triton.backend != "vllm":
            continue
        engine = hikari.engine
        if engine.device.startswith("cuda"):
            device = "cuda:0" if engine.device == "cuda" else engine.device
            share = float(engine.parameters.get("gpu_memory_utilization") or DEFAULT_SHARE)
            sharing.setdefault(device, ({}, {}))[engine.turns][model.name] = share
    for device, (staying, turning) in sharing.items():
        widest = max(turning, key=turning.__getitem__, default=None)
        awake = staying if widest is None else {**staying, widest: turning[widest]}
        if len(awake) > 1 and (whole := sum(awake.values())) > 1:
            raise ConfigError(
                f"cascade '{cascade}': {' and '.join(awake)} would take {whole:.2f} times the "
                f"memory of {device}: run `hikari models plan {cascade} --write plan.yaml`, and "
                "set HIKARI_PLAN=plan.yaml"
            )
