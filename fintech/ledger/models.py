"""The ledger's tables, for reading: their SQL stands in `sql/`, and functions alone write them.

Used through an explicit alias, as they stand in several databases; code that posts or needs a balance uses
`Book`.
"""

from __future__ import annotations

from django.db import models

from fintech.ledger.accounts import AccountKind
from fintech.privacy.declarations import Columns


class LedgerAccount(models.Model):
    """An account: static, from its opening on."""

    columns = Columns(plain=("number", "kind", "client_id", "journal_id", "opened_at"))

    number = models.BigIntegerField(primary_key=True)
    kind = models.SmallIntegerField(choices=[(kind.value, kind.name.lower()) for kind in AccountKind])
    client_id = models.UUIDField()
    journal_id = models.BigIntegerField()
    opened_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_account"

    def __str__(self) -> str:
        return str(self.number)


class LedgerBalance(models.Model):
    """A client account's balance at this moment."""

    columns = Columns(
        plain=("account", "client_id", "floored", "balance", "held", "seq", "last_recorded_at"),
        captured=False,  # a projection of transfers and holds: `Book.replay` compares it with them
    )

    account = models.OneToOneField(
        LedgerAccount, models.DO_NOTHING, primary_key=True, db_column="account", related_name="balance"
    )
    client_id = models.UUIDField()
    floored = models.BooleanField()
    balance = models.BigIntegerField()
    held = models.BigIntegerField()
    seq = models.BigIntegerField()
    last_recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_balance"

    def __str__(self) -> str:
        return f"{self.account_id}: {self.balance}"


class LedgerTransfer(models.Model):
    """A transfer: one amount from one account to another."""

    columns = Columns(
        plain=(
            "id",
            "journal_id",
            "debit",
            "credit",
            "amount",
            "client_balance",
            "client_seq",
            "corrects",
            "reference",
            "recorded_at",
            "client_account",
            "client_id",
            "value_date",
            "code",
            "leg",
        ),
        captured=False,  # followed as a log by itself: a second copy would say nothing new
    )

    id = models.BigIntegerField(primary_key=True)
    journal_id = models.BigIntegerField()
    debit = models.BigIntegerField()
    credit = models.BigIntegerField()
    amount = models.BigIntegerField()
    client_balance = models.BigIntegerField(null=True)
    client_seq = models.BigIntegerField(null=True)
    corrects = models.BigIntegerField(null=True)
    reference = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()
    client_account = models.BigIntegerField(null=True)
    client_id = models.UUIDField()
    value_date = models.DateField()
    code = models.SmallIntegerField()
    leg = models.SmallIntegerField()

    class Meta:
        managed = False
        db_table = "ledger_transfer"

    def __str__(self) -> str:
        return f"{self.id}: {self.amount} from {self.debit} to {self.credit}"


class LedgerHold(models.Model):
    """Money set aside in an account; what is left of it is told by its changes."""

    columns = Columns(plain=("id", "account", "client_id", "amount", "code", "journal_id", "expires_at", "recorded_at"))

    id = models.BigIntegerField(primary_key=True)
    account = models.BigIntegerField()
    client_id = models.UUIDField()
    amount = models.BigIntegerField()
    code = models.SmallIntegerField()
    journal_id = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_hold"

    def __str__(self) -> str:
        return f"{self.id}: {self.amount} in {self.account}"


class LedgerHoldChange(models.Model):
    """A hold posted, released or expired, in part or whole."""

    columns = Columns(
        plain=(
            "id",
            "hold_id",
            "number",
            "kind",
            "amount",
            "remaining",
            "transfer_id",
            "journal_id",
            "recorded_at",
        )
    )

    id = models.BigIntegerField(primary_key=True)
    hold = models.ForeignKey(LedgerHold, models.DO_NOTHING, related_name="changes")
    number = models.IntegerField()
    kind = models.SmallIntegerField(choices=[(1, "posted"), (2, "released"), (3, "expired")])
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    transfer_id = models.BigIntegerField(null=True)
    journal_id = models.BigIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_hold_change"

    def __str__(self) -> str:
        return f"{self.hold_id}.{self.number}: {self.amount}"


class LedgerPeriod(models.Model):
    """A closing of the book: no more transfers with a value date up to this day."""

    columns = Columns(plain=("closed_through", "journal_id", "closed_at"))

    closed_through = models.DateField(primary_key=True)
    journal_id = models.BigIntegerField()
    closed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_period"

    def __str__(self) -> str:
        return f"closed through {self.closed_through}"


class LedgerSnapshot(models.Model):
    """A house account's balance over its transfers up to an id."""

    pk = models.CompositePrimaryKey("account", "through_id")
    columns = Columns(
        plain=("account", "through_id", "balance", "last_recorded_at", "taken_at"),
        captured=False,  # a sum of transfers: `Book.replay` compares it with them
    )

    account = models.BigIntegerField()
    through_id = models.BigIntegerField()
    balance = models.BigIntegerField()
    last_recorded_at = models.DateTimeField()
    taken_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "ledger_snapshot"

    def __str__(self) -> str:
        return f"{self.account} through {self.through_id}: {self.balance}"
