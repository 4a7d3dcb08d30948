"""The vLLM engine: any Qwen3-VL checkpoint, with continuous batching, in a process of its own."""
