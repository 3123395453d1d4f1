"""A refusal: the product's precise no, which names the rule, its inputs and the threshold."""

from __future__ import annotations

from fintech.facts.codec import Json, encode


class Refusal(Exception):
    """A request was understood and refused; nothing was changed but the journal, which remembers the refusal.

    `code` is a stable word that a program can act on, `detail` a sentence for a person, `status` the HTTP status,
    `params` the rule's inputs and threshold. None of them holds personal data.
    """

    def __init__(self, code: str, detail: str, *, status: int = 409, **params: object) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.params: dict[str, Json] = {name: encode(value) for name, value in params.items()}

    def to_json(self) -> dict[str, Json]:
        """The form in which the journal keeps it."""
        return {"code": self.code, "detail": self.detail, "status": self.status, "params": self.params}

    @staticmethod
    def from_json(kept: dict[str, Json]) -> Refusal:
        """The same refusal again, for a retry."""
        refusal = Refusal(str(kept["code"]), str(kept["detail"]), status=int(str(kept["status"])))
        params = kept["params"]
        assert isinstance(params, dict)
        refusal.params = params
        return refusal


class KeyReused(Refusal):
    """The idempotency key was used before for a request with another content."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            "idempotency-key-reused",
            "This Idempotency-Key was used before with another request body. Use a new key for a new request.",
            status=422,
            operation=operation,
        )
