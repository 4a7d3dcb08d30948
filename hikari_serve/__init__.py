"""HIKARI Serve: a serving system for the HIKARI cascade of skin vision-language models."""

__version__ = "0.1.0"
