"""Writes deploy/grafana/dashboard.json anew."""

from argparse import ArgumentParser
from pathlib import Path

from deploy.grafana.dashboard import dashboard_json


def main() -> None:
    """Reads the command line, which has no options, and writes the file."""
    ArgumentParser(description=__doc__).parse_args()
    Path(__file__).with_name("dashboard.json").write_text(dashboard_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
