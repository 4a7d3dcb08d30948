"""The cascade: its graph, the run of one request through it, and the answer."""
