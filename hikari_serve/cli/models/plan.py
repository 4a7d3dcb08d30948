"""`hikari models plan`: which models a cascade puts on a GPU; the plan in words, and as a file."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from rich import box, filesize
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hikari_serve.cascade.wiring import read_graph
from hikari_serve.cli.models.inventory import WIDE
from hikari_serve.errors import ConfigError
from hikari_serve.planning.needs import Need, need_of
from hikari_serve.planning.plan import Plan
from hikari_serve.repository.deployment import Deployment
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, RetrieverConfig

VERDICTS = {
    "together": "All fit together.",
    "turns": "They do not fit together: they take turns, and one at a time is awake.",
    "too small": "The card is too small: quantise, lower the limits, or take a larger one.",
}

Plans = Mapping[str, Plan]
"""The plan of each device."""

SHARES = {"vllm": "gpu_memory_utilization"}
"""How an engine is told its share of a card. Another engine takes what it needs."""


def needs_on_gpu(repository: Repository, name: str) -> tuple[list[Need], list[str]]:
    """What the models of a cascade (or one model) need, and those that need nothing of a GPU.

    Raises:
        ConfigError: A configuration is wrong, or cannot be planned for, as a reference model on a
            GPU.
        NotFound: There is no such model.
    """
    config = repository.config(name)
    models = [config]
    if isinstance(config.hikari, CascadeConfig):
        models = [node.config for node in read_graph(config, repository).nodes]
    planned: list[Need] = []
    elsewhere: list[str] = []
    for model in models:
        hikari = model.hikari
        assert not isinstance(hikari, CascadeConfig)  # no step of a cascade is one
        if hikari.engine.device == "cpu":
            elsewhere.append(model.name)
        elif isinstance(hikari, RetrieverConfig):
            raise ConfigError(
                f"model '{model.name}': its `engine.device` is '{hikari.engine.device}', but what "
                "a reference model takes of a GPU is not counted: set `cpu`, or write the plan of "
                "this card by hand"
            )
        else:
            planned.append(need_of(repository, model))
    return planned, elsewhere


def plans_payload(plans: Plans, elsewhere: list[str]) -> dict[str, Any]:
    """The plans as a JSON object."""
    return {
        "devices": [{"device": name, **_payload(plan)} for name, plan in plans.items()],
        "not_on_a_gpu": elsewhere,
    }


def _payload(plan: Plan) -> dict[str, Any]:
    models = [
        {
            "model": share.need.model,
            "gpu_memory_utilization": share.fraction,
            "items_at_once": share.requests,
            "least_bytes": share.need.least,
            "most_bytes": share.need.most,
            **{key: value for key, value in asdict(share.need).items() if key != "model"},
        }
        for share in plan.shares
    ]
    return {
        "gpu_bytes": plan.gpu,
        "usable_bytes": plan.usable,
        "verdict": plan.verdict,
        "host_bytes": plan.host,
        "models": models,
    }


def write_plans(plans: Plans, cascade: str, file: Path, before: Deployment) -> None:
    """Writes what HIKARI_PLAN names; a file that is there is replaced.

    Args:
        plans: They say turns and shares anew.
        cascade: What was planned.
        file: Where to.
        before: What was planned with: whatever else it says of engines is written too.
    """
    engines = {
        name: said.model_dump(exclude_none=True, exclude_defaults=True)
        for name, said in before.engines.items()
    }
    for plan in plans.values():
        for share in plan.shares:
            said = engines.setdefault(share.need.model, {})
            said["turns"] = plan.verdict == "turns"
            if name := SHARES.get(share.need.engine):
                said["parameters"] = {**said.get("parameters", {}), name: share.fraction}
    cards = ", ".join(f"{device} of {filesize.decimal(plan.gpu)}" for device, plan in plans.items())
    head = f"# {cascade} on {cards}, by `hikari models plan`; HIKARI_PLAN names this file.\n"
    text = yaml.safe_dump({"engines": engines}, sort_keys=False)
    file.write_text(head + text, encoding="utf-8")


def print_plans(plans: Plans, elsewhere: list[str]) -> None:
    """Prints the plans to stdout."""
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    for device, plan in plans.items():
        _print_plan(console, device, plan)
    if not plans:
        console.print(Text("None of these models runs on a GPU: set their `engine.device`."))
    elif elsewhere:
        console.print(Text(f"Not on a GPU: {', '.join(elsewhere)}."))


def _print_plan(console: Console, device: str, plan: Plan) -> None:
    for share in plan.shares:
        need = share.need
        kind = need.quantization or "not quantised"
        console.print(Text(f"{need.model}, {need.engine}, {kind}, shapes of {need.architecture}"))
        table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
        for term in (*need.fixed, need.request):
            table.add_row(term.name, Text(filesize.decimal(term.bytes), justify="right"), term.how)
        table.add_row("at least", Text(filesize.decimal(need.least), justify="right"), "")
        console.print(table)
    gpu = f"{filesize.decimal(plan.gpu)}, of which engines may take {filesize.decimal(plan.usable)}"
    console.print(Text(f"{device} has {gpu}. {VERDICTS[plan.verdict]}"))
    for share in plan.shares:
        given = (
            f"share {share.fraction:g}, {share.requests} of {share.need.requests} longest items "
            "at once"
            if share.fraction is not None
            else f"needs {filesize.decimal(share.need.least)} alone"
        )
        console.print(Text(f"  {share.need.model}: {given}"))
    if plan.host:
        console.print(
            Text(f"Sleeping engines keep {filesize.decimal(plan.host)} in the host's memory.")
        )
