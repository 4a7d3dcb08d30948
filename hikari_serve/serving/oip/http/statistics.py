"""Triton's statistics as JSON."""

from collections.abc import Mapping
from typing import Any

from hikari_serve.serving.oip.dataplane import ModelVersion
from hikari_serve.serving.oip.statistics import DURATIONS, Counted


def statistics_json(counted: Mapping[ModelVersion, Counted]) -> dict[str, Any]:
    """The counts of models, by Triton's names."""
    return {
        "model_stats": [
            {
                "name": model.name,
                "version": model.version,
                "last_inference": found.last_ms,
                "inference_count": found.success.count,
                "execution_count": round(found.executions),
                "inference_stats": {
                    name: {"count": duration.count, "ns": duration.ns}
                    for name in DURATIONS
                    for duration in [found.duration(name)]
                },
                "batch_stats": [],
            }
            for model, found in counted.items()
        ]
    }
