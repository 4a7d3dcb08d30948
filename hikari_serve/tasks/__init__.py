"""The kinds of models: from an item to a typed result, and the host that a runner keeps them in."""
