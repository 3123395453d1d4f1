"""How badly the provider behaves: knobs for one payment, for a merchant, or at random (``--chaos``).

Everything here happens with real providers. A knob is given as the object ``sandbox`` in the body that
creates a deposit or payout; what isn't named there comes from ``PUT /v1/sandbox/behaviour``, else from chance
or the calm defaults.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

MOST_DUPLICATES = 20
LONGEST_MS = 600_000


class InvalidBehaviour(ValueError):
    """A knob that doesn't exist, or a value it can't take."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One payment's knobs; the defaults are a provider on a good day."""

    duplicates: int = 0  # further deliveries of each webhook
    out_of_order: bool = False  # what comes before the end is told after it
    late_failure: bool = False  # after success, a failure is reported too: the receiver must not believe it
    webhook_delay_ms: int = 0
    settle_delay_ms: int = 1_500  # from pending to settled, from sent to paid
    answer_delay_ms: int = 0  # the request is carried out, its answer is late
    lose_answer: bool = False  # the request is carried out, the connection breaks before the answer

    def changed(self, knobs: object) -> Behaviour:
        """This behaviour with the named knobs set. Raises :class:`InvalidBehaviour`."""
        if not isinstance(knobs, Mapping):
            raise InvalidBehaviour("The sandbox's knobs are a JSON object.")
        kinds = {field.name: type(field.default) for field in fields(self)}
        for name, value in knobs.items():
            if name not in kinds:
                raise InvalidBehaviour(f"No knob is named {name!r}; there are {', '.join(kinds)}.")
            if type(value) is not kinds[name]:
                raise InvalidBehaviour(f"{name} must be of type {kinds[name].__name__}.")
            if isinstance(value, int) and not 0 <= value <= _greatest(name):
                raise InvalidBehaviour(f"{name} must be from 0 to {_greatest(name)}.")
        return replace(self, **knobs)

    def as_json(self) -> dict[str, object]:
        """The knobs and their values."""
        return asdict(self)

    def stored(self) -> str:
        """The text kept with a payment."""
        return json.dumps(self.as_json())

    @staticmethod
    def from_stored(text: str) -> Behaviour:
        """Read it back; a knob of another version of this program is passed over."""
        known = {field.name for field in fields(Behaviour)}
        return Behaviour(**{name: value for name, value in json.loads(text).items() if name in known})


def random_behaviour(chance: random.Random) -> Behaviour:
    """A bad day: about half of the messages repeated, a third of the payments told in the wrong order."""
    return Behaviour(
        duplicates=chance.choice((0, 0, 1, 2)),
        out_of_order=chance.random() < 1 / 3,
        late_failure=chance.random() < 1 / 6,
        webhook_delay_ms=chance.choice((0, 0, 100, 400)),
        settle_delay_ms=chance.randrange(200, 2_000),
        lose_answer=chance.random() < 1 / 20,
    )


def _greatest(name: str) -> int:
    if name.endswith("_ms"):
        return LONGEST_MS
    return MOST_DUPLICATES
