"""The services and their HTTP: all that knows BentoML, next to `service.py` and `runners/`."""
