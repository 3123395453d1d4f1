"""The kinds of problem that trading answers with, besides those that payments describes for both
(currencies).
"""

from __future__ import annotations

from fintech.http.problem_types import describe

describe(
    "trading-account-unknown",
    title="No such trading account",
    status=404,
    explanation="There is no trading account of yours with this id.",
)
describe(
    "trading-account-closed",
    title="Trading account closed",
    status=409,
    explanation="This trading account was closed for good. Open another.",
)
describe(
    "trading-account-in-use",
    title="Trading account in use",
    status=409,
    explanation="A trading account can be closed once it holds neither positions nor cash.",
)
describe(
    "leverage-not-offered",
    title="Leverage not offered",
    status=422,
    explanation="`threshold` is the highest leverage that an account can have. The law's cap for an "
    "instrument counts "
    "besides, whichever is lower.",
)
describe(
    "hedging-not-offered",
    title="Hedging not offered",
    status=422,
    explanation="Accounts net: an order against an open position reduces it.",
)
describe(
    "standing-stale",
    title="Only closing is allowed at this moment",
    status=409,
    explanation="What trading knows of your standing (identity, suspension) is more than 5 seconds old. "
    "Until it's up "
    "to date again, positions can be closed but not opened. Try again shortly with a new key.",
)
describe(
    "standing-unknown",
    title="Not known to trading yet",
    status=409,
    explanation="Trading hasn't heard of this client yet. Try again shortly with a new key.",
)
describe(
    "may-not-trade",
    title="Trading isn't permitted",
    status=409,
    explanation="Something that the rules ask for before trading is missing, or the client is suspended: "
    "`rule` says "
    "which. Positions can still be closed.",
)
describe(
    "instrument-unknown",
    title="No such instrument",
    status=404,
    explanation="There is no instrument of this symbol. Symbols are listed at `/api/v1/instruments`.",
)
describe(
    "instrument-not-tradable",
    title="Only closing in this instrument",
    status=409,
    explanation="The instrument isn't offered any more: positions in it can be closed, not opened.",
)
describe(
    "instrument-not-for-category",
    title="Instrument not for this category of clients",
    status=409,
    explanation="The jurisdiction's rules let no client of this category deal in instruments of this class; "
    "`rule` and "
    "`source` say which rule.",
)
describe(
    "volume-not-allowed",
    title="Volume not allowed",
    status=422,
    explanation="The volume is below the least, above the largest, or no whole number of steps: `rule` says "
    "which, "
    "`threshold` what it is.",
)
describe(
    "no-quote",
    title="No quote",
    status=409,
    explanation="There has been no quote of this instrument yet, so nothing can be dealt.",
)
describe(
    "stale-quote",
    title="Quote too old",
    status=409,
    explanation="The latest quote is older than `threshold_ms`: nothing is dealt at it. Try again with a new key.",
)
describe(
    "quotes-unavailable",
    title="Quotes unavailable",
    status=503,
    explanation="Quotes can't be read at this moment, so nothing can be dealt. Try again with a new key.",
)
describe(
    "no-conversion",
    title="No conversion",
    status=409,
    explanation="No listed pairs convert this instrument's currency into the account's.",
)
describe(
    "margin-insufficient",
    title="Not enough equity for the margin",
    status=409,
    explanation="After the fill, costs included, equity (`equity_after`) would not cover the total initial "
    "margin "
    "(`threshold`); `shortfall` is missing. `rule` says what sets the margin and `margin_share` how much of "
    "the "
    "exposure it asks.",
)
describe(
    "position-unknown",
    title="No such position",
    status=404,
    explanation="There is no position of yours with this id.",
)
describe(
    "position-closed",
    title="Position closed already",
    status=409,
    explanation="The position was closed before, by you or by the close-out rule.",
)
describe(
    "above-withdrawable",
    title="More than can leave the account",
    status=409,
    explanation="At most the lesser of cash and of equity less initial margin may leave a trading account: "
    "`threshold`.",
)
describe(
    "feed-unavailable",
    title="Feed unavailable",
    status=503,
    explanation="The feed can't be opened at this moment. Try again shortly.",
)
describe(
    "terms-not-valid",
    title="Terms not valid",
    status=422,
    explanation="An instrument can't have these terms; the detail says why.",
)
describe(
    "instrument-in-use",
    title="Instrument in use",
    status=409,
    explanation="The terms that open positions are computed from don't change beneath them.",
)
describe(
    "unknown-currency",
    title="Unknown currency",
    status=422,
    explanation="There is no such currency in ISO 4217.",
)
describe(
    "rates-not-valid",
    title="Rates not valid",
    status=422,
    explanation="A commission scheme has at least one rate, and none below zero.",
)
describe(
    "scheme-exists",
    title="Scheme exists",
    status=409,
    explanation="One commission scheme at most takes effect at a moment.",
)
describe(
    "nothing-to-pay",
    title="Nothing to pay",
    status=409,
    explanation="Every accrual up to the one named was paid already.",
)
