"""Models come and go while the server runs: one file says what is served, every worker follows."""
