"""Who hears what happens inside: metrics for Prometheus, a line of the log for each request."""
