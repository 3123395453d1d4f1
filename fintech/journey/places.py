"""Where a story plays: a cell with its jurisdiction, and the doors of its services on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from fintech.jurisdictions import Jurisdiction, Rules, jurisdiction, jurisdictions
from fintech.stack.layout import LocalLayout


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cell of the local stack."""

    cell_name: str
    jurisdiction: Jurisdiction
    layout: LocalLayout
    served: tuple[str, ...]

    @classmethod
    def of(cls, cell_name: str, layout: LocalLayout, served: tuple[str, ...]) -> Place:
        """The place of a served cell. Today each jurisdiction has one cell, named like it."""
        return cls(cell_name=cell_name, jurisdiction=jurisdiction(cell_name), layout=layout, served=served)

    @property
    def host(self) -> str:
        """The host name that clients know the entity by."""
        return self.jurisdiction.entities[0].hosts[0]

    @property
    def title(self) -> str:
        """Entity and regulator, for a heading."""
        return f"{self.cell_name} · {self.jurisdiction.entities[0].legal_name} · {self.jurisdiction.regulator}"

    @property
    def rules(self) -> Rules:
        """What binds at this moment."""
        return self.jurisdiction.rules_at(datetime.now(UTC))

    @property
    def currency(self) -> str:
        """The currency of the story: the one in which the jurisdiction says from when on two must approve."""
        return self.rules.two_approvals_from.currency.code

    @property
    def two_approvals_from(self) -> Decimal:
        """From this amount on two people must approve a withdrawal."""
        return Decimal(self.rules.two_approvals_from.decimal)

    def elsewhere(self) -> str:
        """The host of another jurisdiction: of one that is served here if there is one."""
        others = [name for name in self.served if name != self.cell_name]
        others += [code for code in jurisdictions() if code not in {self.cell_name, *others}]
        return jurisdiction(others[0]).entities[0].hosts[0]

    def is_served(self, host: str) -> bool:
        """Whether a cell of this deployment answers under the host."""
        return any(host in jurisdiction(name).hosts for name in self.served)
