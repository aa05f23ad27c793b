"""One module per domain; each has a `router`."""
