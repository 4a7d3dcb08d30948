"""One BentoML service a stage; each scales on its own. Those of the skin cascades have a file."""
