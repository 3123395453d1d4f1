"""The mark of an admin class that changes no row by itself."""


class ReadOnly:
    """Stands among the bases of `ReadOnlyAdmin`; the site takes nothing without it."""
