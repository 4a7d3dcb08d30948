"""`hikari models plan`: which models a cascade puts on a GPU, and the plan in words."""

from dataclasses import asdict
from typing import Any

from rich import box, filesize
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hikari_serve.cascade.wiring import read_graph
from hikari_serve.cli.models.inventory import WIDE
from hikari_serve.planning.needs import Need, need_of
from hikari_serve.planning.plan import Plan
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, ClassifierConfig, DescriberConfig

VERDICTS = {
    "together": "All fit together. Give each engine its `gpu_memory_utilization`.",
    "turns": "They do not fit together. Set `turns: true`, and one at a time is awake.",
    "too small": "The card is too small: quantise, lower the limits, or take a larger one.",
}


def needs_on_gpu(repository: Repository, name: str) -> tuple[list[Need], list[str]]:
    """What the models of a cascade (or one model) need, and those that need nothing of a GPU.

    Raises:
        ConfigError: A configuration is wrong, or cannot be planned for.
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
        if isinstance(hikari, ClassifierConfig | DescriberConfig) and hikari.engine.device != "cpu":
            planned.append(need_of(repository, model))
        else:
            elsewhere.append(model.name)
    return planned, elsewhere


def plan_payload(plan: Plan, elsewhere: list[str]) -> dict[str, Any]:
    """The plan as a JSON object."""
    models = [
        {
            "model": share.need.model,
            "gpu_memory_utilization": share.fraction,
            "requests_at_once": share.requests,
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
        "not_on_the_gpu": elsewhere,
    }


def print_plan(plan: Plan, elsewhere: list[str]) -> None:
    """Prints the plan to stdout."""
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    for share in plan.shares:
        need = share.need
        kind = need.quantization or "not quantised"
        console.print(Text(f"{need.model}, {need.engine}, {kind}, shapes of {need.architecture}"))
        table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
        for term in (*need.fixed, need.request):
            table.add_row(term.name, Text(filesize.decimal(term.bytes), justify="right"), term.how)
        table.add_row("at least", Text(filesize.decimal(need.least), justify="right"), "")
        console.print(table)
    if not plan.shares:
        console.print(Text("None of these models runs on a GPU: set their `engine.device`."))
        return
    gpu = f"{filesize.decimal(plan.gpu)}, of which engines may take {filesize.decimal(plan.usable)}"
    console.print(Text(f"The card has {gpu}. {VERDICTS[plan.verdict]}"))
    for share in plan.shares:
        given = (
            f"gpu_memory_utilization {share.fraction:g}, {share.requests} of "
            f"{share.need.requests} longest requests at once"
            if share.fraction is not None
            else f"needs {filesize.decimal(share.need.least)} alone"
        )
        console.print(Text(f"  {share.need.model}: {given}"))
    if plan.host:
        console.print(
            Text(f"Sleeping engines keep {filesize.decimal(plan.host)} in the host's memory.")
        )
    if elsewhere:
        console.print(Text(f"Not on the GPU: {', '.join(elsewhere)}."))
