"""A batch of token sequences in the model's key-value cache, each growing at its own pace."""

from collections.abc import Mapping, Sequence

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache, Qwen3VLForConditionalGeneration

from hikari_serve.engines.transformers.preparation import PromptRequest


class Sequences:
    """What the model has read so far, one row for each call.

    What is read together is padded on the left to the longest row. The padding stays in the
    cache, masked, and every row counts its own positions, so a row never sees its neighbours.
    """

    def __init__(self, model: Qwen3VLForConditionalGeneration) -> None:
        self._model = model
        self._cache = DynamicCache()
        self._real = torch.empty(0)
        self._next = torch.empty(0)

    def start(
        self, prompts: Sequence[PromptRequest], then: Sequence[int] = (), keep: int = 1
    ) -> torch.Tensor:
        """Reads the prompts and the tokens `then`, the same after every prompt.

        Returns:
            (rows, keep, vocabulary): logits of the tokens after the last `keep` ones.
        """
        ends = [prompt.positions.max() + 1 for prompt in prompts]
        tail = torch.tensor(then, dtype=torch.long)
        steps = torch.arange(len(then))[:, None].expand(-1, 3)
        ids = [torch.cat([prompt.input_ids, tail]) for prompt in prompts]
        positions = [
            torch.cat([prompt.positions, end + steps])
            for prompt, end in zip(prompts, ends, strict=True)
        ]
        self._next = torch.stack(ends) + len(then)
        self._real = torch.empty(len(prompts), 0, dtype=torch.bool)
        pixels = [prompt.pixels for prompt in prompts if prompt.pixels is not None]
        grids = [prompt.grids for prompt in prompts if prompt.grids is not None]
        pictures = {}
        if pixels:
            device = self._model.device
            pictures["pixel_values"] = torch.cat(pixels).to(device)
            pictures["image_grid_thw"] = torch.cat(grids).to(device)
        return self._read(
            _padded(ids),
            _padded(positions).permute(2, 0, 1),
            _padded([torch.ones(len(row), dtype=torch.bool) for row in ids]),
            keep,
            pictures,
        )

    def extend(self, chunks: Sequence[Sequence[int]], keep: int = 1) -> torch.Tensor:
        """Reads more tokens of each row; a row may have none.

        Returns:
            (rows, keep, vocabulary): logits of the tokens after the last `keep` ones; those of a
            row that read fewer mean nothing.
        """
        ids = _padded([torch.tensor(chunk, dtype=torch.long) for chunk in chunks])
        lengths = torch.tensor([[len(chunk)] for chunk in chunks])
        steps = torch.arange(ids.shape[1]) - (ids.shape[1] - lengths)
        positions = (self._next[:, None] + steps).expand(3, -1, -1)
        self._next = self._next + lengths[:, 0]
        return self._read(ids, positions, steps >= 0, keep, {})

    def peek(self, rows: Sequence[Sequence[Sequence[int]]]) -> torch.Tensor:
        """Reads what may come next of each row in several ways, all in one pass, and forgets it.

        The ways of a row stand one behind another, and none of them sees the others.

        Args:
            rows: For each row, the ways that it may go on; each has a token at least.

        Returns:
            (tokens of all ways, vocabulary): logits of what comes next after each of them.
        """
        chunks = [[token for way in ways for token in way] for ways in rows]
        ids = _padded([torch.tensor(chunk, dtype=torch.long) for chunk in chunks])
        width = ids.shape[1]
        steps = torch.zeros(len(rows), width, dtype=torch.long)
        sight = torch.eye(width, dtype=torch.bool).repeat(len(rows), 1, 1)
        real = torch.zeros(len(rows), width, dtype=torch.bool)
        for row, (chunk, ways) in enumerate(zip(chunks, rows, strict=True)):
            at = width - len(chunk)
            real[row, at:] = True
            for way in ways:
                end = at + len(way)
                steps[row, at:end] = torch.arange(len(way))
                sight[row, at:end, at:end] = torch.ones(len(way), len(way)).tril()
                at = end
        past = self._real[:, None].expand(-1, width, -1)
        hidden = self._hidden(
            ids,
            (self._next[:, None] + steps).expand(3, -1, -1),
            torch.cat([past, sight], dim=2)[:, None],
        )
        self._cache.crop(-width)
        logits: torch.Tensor = self._model.lm_head(hidden[real.to(hidden.device)])
        return logits

    def rewind(self, tokens: int) -> None:
        """Forgets the last tokens of every row, which must all have been read together."""
        self._cache.crop(-tokens)
        self._real = self._real[:, :-tokens]
        self._next = self._next - tokens

    def select(self, rows: Sequence[int]) -> None:
        """Keeps some rows, in their order, and drops the others."""
        if len(rows) == len(self._real):
            return
        index = torch.tensor(rows, dtype=torch.long)  # there may be none
        self._cache.batch_select_indices(index.to(self._model.device))
        self._real = self._real[index]
        self._next = self._next[index]

    def _read(
        self,
        ids: torch.Tensor,
        positions: torch.Tensor,
        real: torch.Tensor,
        keep: int,
        pictures: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        self._real = torch.cat([self._real, real], dim=1)
        # without padding there is nothing to mask, and attention takes a faster way
        mask = None if self._real.all() else self._real
        hidden = self._hidden(ids, positions, mask, pictures)
        logits: torch.Tensor = self._model.lm_head(hidden[:, -keep:])
        return logits

    def _hidden(
        self,
        ids: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        pictures: Mapping[str, torch.Tensor] = {},
    ) -> torch.Tensor:
        """(rows, tokens, values): what the last layer makes of tokens; the cache keeps them."""
        device = self._model.device
        reader = self._model.model if pictures else self._model.model.language_model
        return torch.as_tensor(
            reader(
                input_ids=ids.to(device),
                position_ids=positions.to(device),
                attention_mask=None if mask is None else mask.to(device),
                past_key_values=self._cache,
                use_cache=True,
                **pictures,
            ).last_hidden_state
        )


def _padded(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    return pad_sequence(list(rows), batch_first=True, padding_side="left")
