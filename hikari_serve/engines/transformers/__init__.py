"""The transformers engine: any Qwen3-VL checkpoint, in static batches, on any device of torch."""

from hikari_serve.engines.transformers.engine import TransformersEngine

__all__ = ["TransformersEngine"]
