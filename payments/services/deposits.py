"""Deposits: begun here, paid at a PSP, settled once by its word.

A PSP is asked outside every transaction: `begin_deposit`, then `open_page` asks, then `record_deposit_session`. A page
that couldn't be opened is asked for again, under the deposit's own id, so that there is never a second one.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

from fintech.cells import Actor, acting_as, current_cell
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_inserts import inserted
from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.factlog import record
from fintech.facts.payments import DepositFailed, DepositPending, DepositRequested, DepositSettled
from fintech.journal import Refusal, inside_decision, verb
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from fintech.observability.business import count_deposit
from payments.models import Deposit, PspEvent, Wallet
from payments.psps.deployment import provider, provider_for_deposits, return_url, webhook_url
from payments.psps.protocol import NothingSent, OutcomeUnknown, ProviderRefused
from payments.psps.registry import UnknownProvider
from payments.rules.deposit_limits import Depositor, refusal_of_deposit
from payments.rules.psp_events import Paid
from payments.selectors.deposits import contract_began_at, deposits_so_far
from payments.services import refusals
from payments.services.references import reference_of
from payments.services.sources import note_source
from payments.services.standing import active_standing
from payments.services.wallets import house, locked_wallet, require_currency

logger = logging.getLogger(__name__)

Method = Literal["card", "bank_transfer"]


@verb("payments")
def begin_deposit(*, key: str, client_id: UUID, wallet_id: UUID, amount: Money, method: Method) -> UUID:
    """Begin a deposit into a client's wallet.

    Locks the wallet. Refuses an inactive client, another currency, and what the jurisdiction's rule of this moment
    doesn't take before identity is verified. Records DepositRequested.
    """
    decision = inside_decision("payments")
    standing = active_standing(client_id)
    wallet = locked_wallet(wallet_id, client_id=client_id)
    require_currency(wallet, amount)
    if not standing.verified:
        # Another wallet of the same client may be paid into at this moment: the limit is for all of them together.
        list(Wallet.objects.select_for_update(no_key=True).filter(client_id=client_id).order_by("id").values_list("id"))
        refuse_before_verification(wallet, amount, method, standing.risk, decision.recorded_at)
    deposit_id = uuid7()
    deposit = inserted(
        Deposit(
            id=deposit_id,
            wallet=wallet,
            client_id=client_id,
            psp=_provider_for_deposits(),
            method=method,
            reference=reference_of(deposit_id),
            amount_minor=amount.minor,
            currency=wallet.currency,
            bank_only=not standing.verified,
            state_since=decision.recorded_at,
            requested_at=decision.recorded_at,
        )
    )
    record(
        DepositRequested(
            deposit_id=deposit_id,
            client_id=client_id,
            wallet_id=wallet_id,
            psp=deposit.psp,
            method=method,
            reference=deposit.reference,
            amount_minor=amount.minor,
            currency=wallet.currency,
            bank_only=deposit.bank_only,
        ),
        subject=("deposit", deposit_id),
    )
    return deposit_id


def open_page(deposit: Deposit) -> Deposit:
    """Ask the PSP for the deposit's payment page, if there is none yet; gives the deposit as it is then.

    A PSP that can't be reached changes nothing: the next call asks again, under the same key. One that refuses for
    good fails the deposit.
    """
    if deposit.state != "requested" or deposit.page_url:
        return deposit
    entity = deposit.wallet.entity
    with acting_as(Actor.psp(deposit.psp)):
        try:
            session = provider(deposit.psp).create_deposit(
                reference=deposit.reference,
                amount_minor=deposit.amount_minor,
                currency=deposit.currency,
                return_url=return_url(deposit.psp, entity=entity, deposit_id=deposit.id),
                webhook_url=webhook_url(deposit.psp, entity=entity),
                idempotency_key=str(deposit.id),
            )
        except (NothingSent, OutcomeUnknown) as error:
            logger.warning("no payment page yet", extra={"error": type(error).__name__, "psp": deposit.psp})
            return deposit
        except ProviderRefused as refused:
            record_deposit_refused(key=f"refused:{deposit.id}", deposit_id=deposit.id, code=refused.code[:80])
        else:
            record_deposit_session(
                key=f"session:{deposit.id}",
                deposit_id=deposit.id,
                psp_reference=session.psp_reference,
                page_url=session.redirect_url,
            )
    deposit.refresh_from_db()
    return deposit


@verb("payments")
def record_deposit_session(*, key: str, deposit_id: UUID, psp_reference: str, page_url: str) -> UUID:
    """Keep where the client pays. A webhook may have been quicker: then only the reference is news."""
    deposit = locked_deposit(deposit_id)
    deposit.psp_reference = psp_reference
    deposit.page_url = page_url
    deposit.save(update_fields=["psp_reference", "page_url"])
    return deposit_id


@verb("payments")
def record_deposit_refused(*, key: str, deposit_id: UUID, code: str) -> UUID:
    """Fail a deposit that the PSP will never open a page for. Records DepositFailed."""
    deposit = locked_deposit(deposit_id)
    if deposit.state == "requested":
        fail(deposit, code=code, expired=False)
    return deposit_id


def _provider_for_deposits() -> str:
    try:
        return provider_for_deposits()
    except UnknownProvider:
        raise Refusal("deposits-unavailable", "No payment provider takes deposits now.", status=503) from None


def locked_deposit(deposit_id: UUID) -> Deposit:
    """The deposit's row under lock for the rest of the decision."""
    inside_decision("payments")
    return _deposit_for_update.get(deposit_id)


_deposit_for_update = PreparedLookUp(
    lambda deposit_id: (
        Deposit.objects.select_for_update(no_key=True, of=("self",)).select_related("wallet").filter(pk=deposit_id)
    )
)


def pend(deposit: Deposit) -> None:
    """The client has paid; the money isn't there yet."""
    _move(deposit, "pending")
    record(DepositPending(deposit_id=deposit.id, client_id=deposit.client_id), subject=("deposit", deposit.id))


def settle(deposit: Deposit, paid: Paid | None) -> None:
    """Book the deposit: from the PSP's clearing account to the wallet. The row's state lets it happen once."""
    transfer = Book("payments").post(
        debit=house(HousePurpose.PSP_CLEARING, deposit.wallet),
        credit=deposit.wallet.account_number,
        amount=deposit.amount_minor,
        code=TransferCode.DEPOSIT,
        client_id=deposit.client_id,
        reference=deposit.id,
    )
    if paid is not None:
        deposit.source = note_source(client_id=deposit.client_id, psp=deposit.psp, paid=paid)
    deposit.transfer_id = transfer.id
    deposit.settled_at = transfer.recorded_at
    _move(deposit, "settled", "source", "transfer_id", "settled_at")
    # What came too early (a chargeback before the settlement) can be applied now.
    early = PspEvent.objects.filter(reference=deposit.reference, state="waiting")
    early.update(state="stored", state_since=inside_decision("payments").recorded_at)
    record(
        DepositSettled(
            deposit_id=deposit.id,
            client_id=deposit.client_id,
            wallet_id=deposit.wallet_id,
            amount_minor=deposit.amount_minor,
            currency=deposit.currency,
            transfer_id=transfer.id,
        ),
        subject=("deposit", deposit.id),
    )
    name = current_cell().name
    inside_decision("payments").afterwards(
        partial(count_deposit, cell=name, currency=deposit.currency, amount_minor=deposit.amount_minor)
    )


def fail(deposit: Deposit, *, code: str, expired: bool) -> None:
    """Nothing comes of the deposit."""
    deposit.failure_code = code
    _move(deposit, "expired" if expired else "failed", "failure_code")
    record(
        DepositFailed(deposit_id=deposit.id, client_id=deposit.client_id, code=code, expired=expired),
        subject=("deposit", deposit.id),
    )


def mark_charged_back(deposit: Deposit) -> None:
    """The money was taken back; what that means for the wallet is `services.chargebacks`'."""
    _move(deposit, "charged_back")


def _move(deposit: Deposit, state: str, *changed: str) -> None:
    deposit.state = state
    deposit.state_since = inside_decision("payments").recorded_at
    deposit.save(update_fields=["state", "state_since", *changed])


def refuse_before_verification(
    wallet: Wallet, amount: Money, method: Method, risk: Literal["low", "medium", "high"], now: datetime
) -> None:
    """Refuse what the jurisdiction's rule of a moment doesn't take from a client whose identity isn't proved."""
    jurisdiction = current_cell().jurisdiction
    rule = jurisdiction.rules_at(now).pre_verification_deposits
    so_far = deposits_so_far(
        wallet.client_id, currency_code=rule.limit.currency.code if rule.limit else wallet.currency
    )
    zone = jurisdiction.time_zone
    began = min(filter(None, (contract_began_at(wallet.client_id), so_far.first_at)), default=None)
    refused = refusal_of_deposit(
        amount,
        depositor=Depositor(
            verified=False,
            risk=risk,
            term_began_on=began.astimezone(zone).date() if began else None,
            deposited=so_far.total,
        ),
        from_own_bank_account=method == "bank_transfer",
        today=now.astimezone(zone).date(),
        rule=rule,
    )
    if refused is not None:
        version = jurisdiction.rule_version_at("pre_verification_deposits", now)
        raise refusals.deposit_refused(refused, amount, version)
