"""The server's speed beside references and rivals, in one run: `python -m benchmarks`."""
