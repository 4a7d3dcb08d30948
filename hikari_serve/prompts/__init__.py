"""Prompts: messages with slots for labels, cases and pictures, read from configurations."""
