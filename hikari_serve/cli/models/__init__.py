"""`hikari models`: what the repository holds, whether it is right, and what it needs."""
