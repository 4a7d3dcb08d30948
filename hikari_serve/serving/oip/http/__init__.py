"""The protocol over HTTP: `/v2/...`."""
