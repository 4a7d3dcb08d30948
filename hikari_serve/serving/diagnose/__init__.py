"""The doors `/diagnose`, `/diagnose/stream` and `/api/diagnose`, and the page."""
