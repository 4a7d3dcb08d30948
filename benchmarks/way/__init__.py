"""What a picture costs on its way to the models: at the door, and on the hop to a stage."""

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "way.md"
