"""The SGLang engine: any Qwen3-VL checkpoint, with continuous batching, on NVIDIA GPUs.

SGLang computes on no machine that this project is tested on. What it is asked, and how it answers,
is checked against the source of release 0.5.23; `docs/engines.md` says what that means.
"""
