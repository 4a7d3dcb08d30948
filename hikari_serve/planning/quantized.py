"""How many bytes a quantised weight takes, by the method."""

LINEAR_BYTES = {
    # NF4: half a byte; for 64 weights one scale of a byte, for 256 scales one of four bytes
    "bitsandbytes": 0.5 + 1 / 64 + 4 / (64 * 256),
    "fp8": 1.0,
    "fp8_per_tensor": 1.0,
    "fp8_per_channel": 1.0,
    "fp8_per_block": 1 + 4 / 128**2,  # a scale of four bytes for 128 x 128 weights
    "mxfp8": 1 + 1 / 32,  # a scale of a byte for 32 weights
    "int8_per_channel_weight_only": 1.0,
    # 4 bits; for 128 weights a scale of two bytes and a zero of half a byte
    "awq": 0.5 + 2.5 / 128,
    "gptq": 0.5 + 2.5 / 128,
}
"""Bytes of a quantised weight, by vLLM's names. Only the language model's linear layers are counted
so: what an engine makes smaller besides (vLLM's BitsAndBytes quantises the vision tower while it
loads) is a reserve. A scale a channel or a tensor is nothing beside thousands of weights."""

SAME = {"awq_marlin": "awq", "auto_awq": "awq", "gptq_marlin": "gptq", "auto_gptq": "gptq"}
"""Other names for the same weights: vLLM chooses between its kernels by them."""
