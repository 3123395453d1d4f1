"""The providers of this deployment, by name.

A factory is registered once, when the application starts; it is called for one cell at a time, because keys
and secrets are each cell's own.
"""

from __future__ import annotations

from collections.abc import Callable

from payments.psps.protocol import PaymentServiceProvider

#: Makes the adapter for the named cell.
ProviderFactory = Callable[[str], PaymentServiceProvider]


class UnknownProvider(LookupError):
    """No provider is registered under this name."""


class ProviderRegistry:
    """Names to factories; one adapter is made per name and cell, and kept (it holds a connection pool)."""

    def __init__(self) -> None:
        self._factories: dict[str, ProviderFactory] = {}
        self._made: dict[tuple[str, str], PaymentServiceProvider] = {}

    def register(self, name: str, factory: ProviderFactory) -> None:
        """Add a provider; a name can be given once only, since stored payments refer to it."""
        if name in self._factories:
            raise ValueError(f"A payment service provider named {name!r} is already registered.")
        self._factories[name] = factory

    def provider(self, name: str, *, cell: str) -> PaymentServiceProvider:
        """The adapter for one cell. Raises :class:`UnknownProvider`."""
        made = self._made.get((name, cell))
        if made is not None:
            return made
        try:
            factory = self._factories[name]
        except KeyError:
            known = ", ".join(self.names()) or "none"
            raise UnknownProvider(f"No provider named {name!r}; registered: {known}.") from None
        return self._made.setdefault((name, cell), factory(cell))

    def forget_adapters(self) -> None:
        """Drop the adapters that were made, so that they are made anew: after a provider's address has changed."""
        self._made.clear()

    def names(self) -> tuple[str, ...]:
        """All registered names, sorted."""
        return tuple(sorted(self._factories))


#: The registry of this process.
registry = ProviderRegistry()
