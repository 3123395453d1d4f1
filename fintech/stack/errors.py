"""What can go wrong with the local stack, each with a text that says what to do about it."""

from __future__ import annotations


class StackError(Exception):
    """The local stack can't do what was asked; the text says why and what helps."""


class PortTaken(StackError):
    """A port that the stack needs belongs to a process that isn't part of it."""

    def __init__(self, *, port: int, what: str) -> None:
        self.port = port
        super().__init__(
            f"port {port}, meant for {what}, is taken by another program; "
            "stop that one, or move the whole stack: FINTECH_BASE_PORT=<another first port>"
        )


class RootNotOurs(StackError):
    """The folder named as the stack's root belongs to somebody or something else."""
