"""Counts what a model computes."""

import torch

from hikari_serve.engines.transformers.engine import TransformersEngine


class Steps:
    """Counts the forward passes of an engine and the rows in each: what is read at once in several ways
    counts a row for each token."""

    def __init__(self, engine: TransformersEngine) -> None:
        self.rows: list[int] = []
        self._handle = engine._model.lm_head.register_forward_hook(self._note)

    def _note(self, module: object, args: object, logits: torch.Tensor) -> None:
        self.rows.append(len(logits))

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, *error: object) -> None:
        self._handle.remove()
