"""Writes the results down as `docs/performance.md`; every number comes from the run."""

from benchmarks.report.page import page

__all__ = ["page"]
