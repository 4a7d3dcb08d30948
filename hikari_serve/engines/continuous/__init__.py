"""What engines share that batch by themselves: they are asked for single tokens of one prompt.

Such an engine (vLLM, SGLang) gives a `Session` for each call; scoring over the answer trie,
thinking and streaming are the same for all of them and stand here.
"""
