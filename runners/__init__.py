"""One BentoML service a task; each scales on its own."""
