"""Payment service providers: one protocol, an adapter for each."""
