"""The transformers engine: any Qwen3-VL checkpoint, in static batches, on any device of torch."""
