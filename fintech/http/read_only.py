"""The mark of an admin class that changes no row by itself. The back office takes no class without it."""


class ReadOnly:
    """Stands among the bases of every admin class."""
