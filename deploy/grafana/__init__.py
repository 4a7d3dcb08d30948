"""The dashboard for Grafana, as code: `python -m deploy.grafana` writes `dashboard.json`."""
