"""What the inference protocol's doors cost beside `/diagnose`, one client and many."""

from pathlib import Path

PAGE = Path("docs/performance-protocol.md")
"""What `make bench-protocol` writes."""
