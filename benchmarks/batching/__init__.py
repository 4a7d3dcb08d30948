"""The product's queue against BentoML's adaptive batching, in front of one engine."""

MODEL = "demo_disease"
"""The model that both serve: the disease, scored, without references."""

MAX_BATCH = 8
"""Items that both may batch."""
