"""The one training loop, whatever the model: AdamW under a one-cycle learning rate."""

import logging
from collections.abc import Callable

import torch
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from demo.training.batches import Batch

log = logging.getLogger(__name__)


def fit(
    name: str,
    model: torch.nn.Module,
    next_batch: Callable[[], Batch],
    *,
    steps: int,
    peak: float,
) -> None:
    """Trains a model in place.

    Args:
        name: What the progress bar calls it.
        model: A model whose output has a `loss`.
        next_batch: Makes the keyword arguments of one forward pass.
        steps: How many optimiser steps to take.
        peak: The highest learning rate of the cycle.
    """
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=peak, total_steps=max(steps, 2), pct_start=0.15
    )
    with _progress() as progress:
        task = progress.add_task(name, total=steps, loss=float("nan"))
        for step in range(1, steps + 1):
            loss = model(**next_batch()).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            progress.update(task, advance=1, loss=loss.item())
            if step % 50 == 0 or step == steps:
                log.info("%s: step %d of %d, loss %.4f", name, step, steps, loss.item())
    model.eval()


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description:<12}"),
        *Progress.get_default_columns()[1:2],
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
