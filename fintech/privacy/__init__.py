"""Keys per person, sealed fields, and what each column holds. Empty: pure code imports parts of it."""
