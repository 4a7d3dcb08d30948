"""`hikari top`: what servers do, while they do it."""
