"""A payment service provider for local use: a process of its own that shares no state with the product."""
