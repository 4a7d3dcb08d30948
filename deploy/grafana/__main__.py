"""Writes the dashboard anew."""

from pathlib import Path

from deploy.grafana.dashboard import dashboard_json

Path(__file__).with_name("dashboard.json").write_text(dashboard_json(), encoding="utf-8")
