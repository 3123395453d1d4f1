"""What clients ask for: assumptions from `deploy/cost/load.toml`, and what they come to in the busiest minute. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from deploy.definition.reading import opened
from fintech.jurisdictions.reading import TableReader

FILE: Final = Path(__file__).parent / "load.toml"
SECONDS_OF_HOUR: Final = 3600
DAYS_OF_MONTH: Final = 365 / 12
GB: Final = 1e9
GIB: Final = 2**30

# Each kind of request of a day: (whose process answers it, which measured figures are its).
KINDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "deposits": ("api", "payment"),
        "withdrawals": ("api", "payment"),
        "orders": ("api", "order"),
        "reads": ("api", "webhook"),
        "webhooks": ("api", "webhook"),
        "staff": ("web", "payment"),
    }
)


@dataclass(frozen=True)
class Assumption:
    """A number that was chosen, and why."""

    number: float
    why: str


@dataclass(frozen=True)
class Assumptions:
    """Everything that was assumed, by section and name; `clients` are the sizes to look at."""

    clients: tuple[int, ...]
    sections: Mapping[str, Mapping[str, Assumption]]

    def of(self, section: str, name: str) -> float:
        """The number."""
        return self.sections[section][name].number


@dataclass(frozen=True)
class Load:
    """What some clients ask for: rates in the busiest minute (a second each), and amounts of a month or kept."""

    clients: int
    rates: Mapping[str, float]
    posts: float
    facts: float
    connections: float
    requests_of_month: float
    database_gib: float
    document_gb: float
    out_gb: float
    log_gb: float

    @property
    def requests(self) -> float:
        """Requests a second in the busiest minute."""
        return sum(self.rates.values())

    def share(self, parts: int) -> Load:
        """The load of one of some cells that share it evenly."""
        return Load(
            clients=-(-self.clients // parts),
            rates={kind: rate / parts for kind, rate in self.rates.items()},
            posts=self.posts / parts,
            facts=self.facts / parts,
            connections=self.connections / parts,
            requests_of_month=self.requests_of_month / parts,
            database_gib=self.database_gib / parts,
            document_gb=self.document_gb / parts,
            out_gb=self.out_gb / parts,
            log_gb=self.log_gb / parts,
        )


def read_assumptions(path: Path = FILE) -> Assumptions:
    """Read load.toml. Raises DefinitionError; an assumption without its reason is none."""
    top = opened(path)
    clients = tuple(table.integer("clients", low=1, high=100_000_000) for table in top.tables("sizes"))
    sections = {name: _section(top.table(name)) for name in ("a_day", "peak", "each", "limits")}
    top.finish()
    if set(sections["a_day"]) != set(KINDS):
        raise top.error("a_day", f"holds {sorted(sections['a_day'])}", f"write exactly {sorted(KINDS)}")
    return Assumptions(clients, sections)


def _section(table: TableReader) -> Mapping[str, Assumption]:
    found = {}
    for name in table.names():
        entry = table.table(name)
        found[name] = Assumption(entry.number("number", low=0, high=1e9), entry.text("why"))
        entry.finish()
    return found


def load_of(clients: int, assumed: Assumptions) -> Load:
    """What so many clients ask for."""
    day = {kind: assumed.of("a_day", kind) * clients for kind in KINDS}
    peak = assumed.of("peak", "share_of_day") * assumed.of("peak", "burst") / SECONDS_OF_HOUR
    rates = {kind: number * peak for kind, number in day.items()}
    payments, orders = rates["deposits"] + rates["withdrawals"], rates["orders"]
    requests = sum(day.values()) * DAYS_OF_MONTH
    fed = clients * assumed.of("peak", "connected_mean") * assumed.of("each", "feed_bytes_a_second")
    return Load(
        clients=clients,
        rates=rates,
        posts=payments * assumed.of("each", "posts_of_payment") + orders * assumed.of("each", "posts_of_order"),
        facts=payments * assumed.of("each", "facts_of_payment") + orders * assumed.of("each", "facts_of_order"),
        connections=clients * assumed.of("peak", "connected"),
        requests_of_month=requests,
        database_gib=_kept(clients, day, assumed) / GIB,
        document_gb=clients * assumed.of("each", "document_bytes_of_client") / GB,
        out_gb=(requests * assumed.of("each", "bytes_of_answer") + fed * DAYS_OF_MONTH * 24 * SECONDS_OF_HOUR) / GB,
        log_gb=requests * assumed.of("each", "log_bytes_of_request") / GB,
    )


def _kept(clients: int, day: Mapping[str, float], assumed: Assumptions) -> float:
    """Bytes in the database after the months that it is looked at for."""
    of_day = (day["deposits"] + day["withdrawals"]) * assumed.of("each", "bytes_of_payment")
    of_day += day["orders"] * assumed.of("each", "bytes_of_order")
    days = assumed.of("limits", "months_kept") * DAYS_OF_MONTH
    return clients * assumed.of("each", "bytes_of_client") + of_day * days
