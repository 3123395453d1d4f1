"""Every guard in the databases, tried with it and without it."""
