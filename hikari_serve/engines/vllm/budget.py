"""How much vLLM is told to hold at once: the planner counts with it, and the engine is given it.

vLLM sizes its memory at start by the most that it is told it may be asked: so many requests, so
many tokens in a step, so many pictures of the largest size. What it is not told it assumes, and
far too much: without a bound a picture counts 16,384 tokens where 441 are possible.
"""

from dataclasses import dataclass

from transformers import Qwen2VLImageProcessorPil

from hikari_serve.engines.checkpoint_config import longest_sequence
from hikari_serve.engines.checkpoints import load_image_processor
from hikari_serve.engines.contract import Opening
from hikari_serve.repository.engine_numbers import above_zero

BATCHED_TOKENS = 8192
"""Tokens that vLLM reads in one step at most, unless `max_num_batched_tokens` says otherwise: a
prompt with three references whole. vLLM's own default for an engine like ours is 2,048."""

SCORE_REQUESTS = 8
"""Requests that the score of one call is given room for. The shipped label sets take 5 at most
with Qwen's vocabulary; what is beyond waits a step inside vLLM."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one engine is asked for.

    Attributes:
        max_model_len: Tokens of a request, from the first of the prompt to the last of the answer.
        calls: Items that are answered at once.
        max_num_seqs: Requests that vLLM runs at once; the score of an item takes several.
        max_num_batched_tokens: Tokens that vLLM reads in one step.
        min_pixels: Pixels to which smaller pictures are enlarged.
        max_pixels: Pixels to which larger pictures are reduced; no view has more, but a long one
            that is enlarged to `min_pixels`, whose sides are rounded up.
        picture_tokens: Tokens of the largest picture.
        pictures: Pictures of that size that the vision tower reads at once, as vLLM tries it when
            it starts.
    """

    max_model_len: int
    calls: int
    max_num_seqs: int
    max_num_batched_tokens: int
    min_pixels: int
    max_pixels: int
    picture_tokens: int
    pictures: int

    @classmethod
    def of(cls, opening: Opening) -> "Budget":
        """What the configuration of a model allows.

        Raises:
            ConfigError: The prompts do not fit the checkpoint, it lacks the settings of its
                image processor, or one of the engine's numbers is none.
        """
        processor = load_image_processor(Qwen2VLImageProcessorPil, opening.folder)
        length = longest_sequence(opening)
        requests = opening.max_batch * (SCORE_REQUESTS if opening.scores else 1)
        requests = above_zero(opening.parameters, "max_num_seqs", requests)
        tokens = max(requests, min(BATCHED_TOKENS, requests * length))
        tokens = above_zero(opening.parameters, "max_num_batched_tokens", tokens)
        unit = processor.patch_size * processor.merge_size
        least, most = processor.size["shortest_edge"], processor.size["longest_edge"]
        if opening.max_side is not None:
            # a side is rounded to whole tokens, upwards at most: that may not reduce the picture
            side = -(-opening.max_side // unit) * unit
            most = max(least, min(most, side**2))
        picture = most // unit**2
        fits = max(1, min(opening.max_images, length // picture))
        return cls(
            max_model_len=length,
            calls=min(opening.max_batch, requests),
            max_num_seqs=requests,
            max_num_batched_tokens=tokens,
            min_pixels=least,
            max_pixels=most,
            picture_tokens=picture,
            # as `vllm.multimodal.encoder_budget.MultiModalBudget` counts them
            pictures=max(1, min(max(tokens, picture) // picture, requests * fits)),
        )
