"""How LitServe batches; the page names these."""

MAX_BATCH = 8

BATCH_TIMEOUT_SECONDS = 0.05
"""How long an incomplete batch waits for more. A full one leaves at once, so that only requests
in smaller numbers pay for it."""
