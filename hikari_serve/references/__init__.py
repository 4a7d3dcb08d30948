"""Reference cases: the index of them, how it is built and searched."""
