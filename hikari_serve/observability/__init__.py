"""Who hears what happens inside: metrics, traces, a line of the log for each request."""
