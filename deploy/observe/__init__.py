"""Everything there is to see of a server, on one machine: `make observe`."""
