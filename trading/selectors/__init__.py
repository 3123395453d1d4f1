"""Every way to read trading's data."""
