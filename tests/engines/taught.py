"""A tiny Qwen3-VL that is taught in seconds to name a colour.

It thinks for another while about each colour and answers in another number of words, some with
characters of several bytes, so that every row of a batch goes its own way.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    Qwen2Tokenizer,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from demo.training.tokenizer import train_tokenizer
from hikari_serve.engines.chat import CLOSING, END, Chat
from hikari_serve.engines.contract import Generate, Prompt
from hikari_serve.engines.prompt_reader import PromptReader
from hikari_serve.engines.transformers.preparation import Preparation

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}
THOUGHTS = {"red": "", "green": "Leaves and grass.", "blue": "The sky, and the sea é below it."}
ANSWERS = {
    "red": "It is red.",
    "green": "It is green: 皮膚.",
    "blue": "It is blue, like the naïve sky 🙂 over the sea.",
}
SIZES = ((64, 64), (32, 64), (96, 64))
"""Width and height of the pictures in pixels: 4, 2 and 6 image tokens."""
QUESTION = "Which colour has the last picture?"


def question(*colours: str, sizes: Sequence[tuple[int, int]] = SIZES, text: str = "") -> Prompt:
    """A prompt with a picture of each colour, each of the next size."""
    images = [
        Image.new("RGB", sizes[number % len(sizes)], COLOURS[colour])
        for number, colour in enumerate(colours)
    ]
    slots = [{"type": "image"} for _ in images]
    content = [*slots, {"type": "text", "text": text + QUESTION}]
    return Prompt([{"role": "user", "content": content}], images)


def teach(folder: Path, steps: int = 160) -> None:
    """Trains the model and saves it as a checkpoint; it learns to answer with and without thoughts."""
    random.seed(0)
    torch.manual_seed(0)
    breaks = ["\n\n", "\n\n\n"]  # single tokens, as in Qwen's vocabulary
    tokenizer = train_tokenizer([QUESTION, ANSWERS["red"], *THOUGHTS.values(), *breaks])
    model = _model(tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    processor = Qwen2VLImageProcessorPil(
        patch_size=16, merge_size=2, size={"shortest_edge": 32 * 32, "longest_edge": 128 * 128}
    )
    processor.save_pretrained(folder)
    chat = Chat(folder)
    prepare = Preparation(PromptReader(chat, 512, 4), processor, model)
    optimizer = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(steps):
        rows, labels, pixels, grids = [], [], [], []
        for _ in range(8):
            colours = random.choices(list(COLOURS), k=random.choice((1, 1, 2, 3)))
            request = prepare(question(*colours, sizes=random.sample(SIZES, 3)), Generate(1))
            thoughts, answer = THOUGHTS[colours[-1]], CLOSING + ANSWERS[colours[-1]] + END
            silent = len(request.input_ids)
            if random.random() < 0.5:
                thoughts, silent = "", silent + len(chat.closing)
            row = torch.cat(
                [request.input_ids, torch.tensor(tokenizer(thoughts + answer).input_ids)]
            )
            rows.append(row)
            labels.append(torch.cat([torch.full((silent,), -100), row[silent:]]))
            assert request.pixels is not None
            assert request.grids is not None
            pixels.append(request.pixels)
            grids.append(request.grids)
        ids = pad_sequence(rows, batch_first=True)
        loss = model(
            input_ids=ids,
            attention_mask=pad_sequence([torch.ones_like(row) for row in rows], batch_first=True),
            mm_token_type_ids=(ids == chat.image).int(),
            pixel_values=torch.cat(pixels),
            image_grid_thw=torch.cat(grids),
            labels=pad_sequence(labels, batch_first=True, padding_value=-100),
        ).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    model.save_pretrained(folder)


def _model(tokenizer: Qwen2Tokenizer) -> Qwen3VLForConditionalGeneration:
    ids = tokenizer.get_added_vocab()
    text = {
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": [6, 5, 5],
            "mrope_interleaved": True,
        },
        "tie_word_embeddings": True,
    }
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 1,
        "out_hidden_size": 64,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    }
    return Qwen3VLForConditionalGeneration(  # type: ignore[no-untyped-call]
        Qwen3VLConfig(
            text_config=text,
            vision_config=vision,
            image_token_id=ids["<|image_pad|>"],
            video_token_id=ids["<|video_pad|>"],
            vision_start_token_id=ids["<|vision_start|>"],
            vision_end_token_id=ids["<|vision_end|>"],
            tie_word_embeddings=True,
        )
    )
