"""The Open Inference Protocol: one data plane without protocol in it, and two doors to it."""
