"""The `hikari` command."""
