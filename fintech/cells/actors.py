"""Who causes something: every change and every look at personal data names its actor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, get_args
from uuid import UUID

ActorKind = Literal["client", "staff", "psp", "system", "regulator", "anonymous"]


@dataclass(frozen=True)
class Actor:
    """An actor: its kind, and its identity within that kind. `str()` gives `kind:id`."""

    kind: ActorKind
    id: str

    def __post_init__(self) -> None:
        """Refuse a kind that the audit trail doesn't know, and an empty identity."""
        if self.kind not in get_args(ActorKind):
            raise ValueError(f"actor kind {self.kind!r} is none of {', '.join(get_args(ActorKind))}")
        if not self.id:
            raise ValueError("an actor needs an identity")

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def client(cls, client_id: UUID) -> Self:
        """A client, by the client's id."""
        return cls("client", str(client_id))

    @classmethod
    def staff(cls, user_id: UUID) -> Self:
        """A staff member, by the user's id."""
        return cls("staff", str(user_id))

    @classmethod
    def psp(cls, name: str) -> Self:
        """A payment service provider, by the name of its adapter."""
        return cls("psp", name)

    @classmethod
    def system(cls, name: str) -> Self:
        """A part of this product that acts by itself: `relay`, `engine`, a command."""
        return cls("system", name)

    @classmethod
    def regulator(cls, case: str) -> Self:
        """A regulator or auditor, by the case under which they look."""
        return cls("regulator", case)

    @classmethod
    def anonymous(cls) -> Self:
        """Somebody at a public door who hasn't signed in."""
        return cls("anonymous", "visitor")
