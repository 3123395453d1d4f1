"""What payments refuses, described for those who build on the API."""

from __future__ import annotations

from fintech.http.problem_types import describe

_DESCRIBED = (
    (
        "insufficient-funds",
        "Insufficient funds",
        409,
        "The wallet doesn't hold what was asked for: `available` is its balance less what is held for withdrawals.",
    ),
    ("wallet-unknown", "No such wallet", 404, "There is no wallet of yours by this id."),
    (
        "currency-not-offered",
        "Currency not offered",
        422,
        "The entity keeps wallets and trading accounts only in the currencies of `threshold`.",
    ),
    (
        "currency-differs",
        "Currency differs",
        422,
        "An account moves money of its own currency only; `threshold` says which.",
    ),
    (
        "client-not-active",
        "Client not active",
        409,
        "The relationship is suspended or has ended: no money moves by request.",
    ),
    (
        "identity-not-verified",
        "Identity not verified",
        409,
        "Money is paid out only once identity is verified: open an identity case and hand in a document.",
    ),
    (
        "no-destination",
        "No destination for the rest",
        409,
        "Money goes back to where it came from, up to what came from there. The `remainder` needs a bank account "
        "that the entity has verified.",
    ),
    ("withdrawal-unknown", "No such withdrawal", 404, "There is no withdrawal of yours by this id."),
    ("deposit-unknown", "No such deposit", 404, "There is no deposit of yours by this id."),
    (
        "withdrawal-state",
        "Not possible in this state",
        409,
        "A withdrawal can be cancelled until it is approved; `state` says where it is.",
    ),
    (
        "no-deposit-before-verification",
        "No deposit before verification",
        409,
        "The jurisdiction lets nobody pay in before identity is verified.",
    ),
    (
        "only-low-risk-before-verification",
        "Only at low risk before verification",
        409,
        "Before identity is verified, only clients rated low risk may pay in.",
    ),
    (
        "only-own-bank-account-before-verification",
        "Only from an own bank account before verification",
        409,
        "Before identity is verified, money is taken only by `bank_transfer` from an account in the client's name.",
    ),
    (
        "verification-term-over",
        "Time for verification is over",
        409,
        "The days in which an unverified client may pay in are over; `threshold` says how many there were.",
    ),
    (
        "limit-before-verification",
        "Above the limit before verification",
        409,
        "All deposits before verification together stay within `threshold`.",
    ),
    (
        "deposits-unavailable",
        "Deposits unavailable",
        503,
        "The entity has no payment provider that takes deposits at this moment.",
    ),
    (
        "no-reference-rate",
        "No reference rate",
        409,
        "The limit is in another currency and there is no rate of the day for this one.",
    ),
)

for _code, _title, _status, _explanation in _DESCRIBED:
    describe(_code, title=_title, status=_status, explanation=_explanation)

WEBHOOK_FORGED = describe(
    "webhook-forged",
    title="Signature not valid",
    status=401,
    explanation="The message isn't proved to be the provider's: its signature, time or id is missing or wrong. Nothing "
    "of it was read.",
)
