"""What the server's speed is, against three references, in one run: `python -m benchmarks`."""
