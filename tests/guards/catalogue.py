"""What each guard is there to refuse, where its definition alone doesn't tell.

A table's `row` is one that every guard lets in (columns that aren't named get something harmless). `checks` holds, by
the constraint's name, changes of that row that the constraint must refuse. `unique` holds changes without which an
index wouldn't look at the row. `triggers` holds what a trigger must refuse besides deletion or truncation: a statement,
done when the row is there, or an insert of the row with changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """One table's row and what its guards refuse."""

    row: Changes = field(default_factory=dict)
    checks: Mapping[str, Sequence[Changes]] = field(default_factory=dict)
    unique: Mapping[str, Changes] = field(default_factory=dict)
    triggers: Mapping[str, Sequence[str | Changes]] = field(default_factory=dict)


NOW: Final = "2026-01-02T00:00:00Z"
LATER: Final = "2026-01-03T00:00:00Z"
NIL: Final = "00000000-0000-0000-0000-000000000000"
SOMEBODY: Final = "01900000-0000-7000-8000-000000000002"
SOMEBODY_ELSE: Final = "01900000-0000-7000-8000-000000000003"
EMPTY_HASH: Final = "\\x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
"""SHA-256 of the single byte 0: the leaf hash (RFC 6962) of an empty leaf."""


def _forward(begins: str, wrong_step: str) -> Sequence[str | Changes]:
    """A row begins in one state, goes on from there by known steps, and keeps whose it is."""
    return [{"state": begins}, f"UPDATE {{table}} SET state = '{wrong_step}'", f"UPDATE {{table}} SET id = '{NIL}'"]


LEDGER: Final = {
    "journal_entry": Table(
        row={"outcome": "done"},
        checks={"journal_entry_outcome": [{"outcome": "perhaps"}]},
    ),
    "ledger_account": Table(
        row={"number": 100001978, "kind": 1},
        checks={
            "ledger_account_kind": [{"kind": 5}, {"number": -100001978, "kind": -1, "client_id": NIL}],
            "ledger_account_side": [{"number": -100001978}, {"kind": 0}, {"client_id": NIL}],
            "ledger_account_currency": [{"number": 100001000}, {"number": 978}],
        },
    ),
    "ledger_balance": Table(
        row={"floored": True, "balance": 10, "held": 10},
        checks={
            "ledger_balance_held": [{"held": -1}],
            "ledger_balance_floor": [{"held": 11}, {"balance": -1, "held": 0}],
        },
    ),
    "ledger_transfer": Table(
        row={"debit": -101978, "credit": 100001978, "amount": 1, "client_balance": 1, "client_seq": 1},
        checks={
            "ledger_transfer_amount": [{"amount": 0}, {"amount": -1}],
            "ledger_transfer_one_client": [{"debit": 100002978}],
            "ledger_transfer_one_currency": [{"debit": -101840}],
            "ledger_transfer_two_accounts": [{"credit": -101978, "client_balance": None}],
            "ledger_transfer_client": [{"client_id": NIL}],
            "ledger_transfer_client_state": [{"client_balance": None}, {"credit": -102978}],
        },
    ),
    "ledger_hold": Table(
        checks={
            "ledger_hold_amount": [{"amount": 0}, {"amount": 10**18}],
            "ledger_hold_client": [{"account": -101978}],
        },
    ),
    "ledger_hold_change": Table(
        row={"kind": 2},
        checks={
            "ledger_hold_change_kind": [{"kind": 0}, {"kind": 4}],
            "ledger_hold_change_amount": [{"amount": 0}],
            "ledger_hold_change_remaining": [{"remaining": -1}],
            "ledger_hold_change_transfer": [{"kind": 1}, {"transfer_id": 1}],
        },
    ),
    "ledger_snapshot": Table(
        row={"account": -101978},
        checks={"ledger_snapshot_house": [{"account": 100001978}]},
    ),
}

FACTS: Final = {
    # A database has the first of its lives already.
    "factlog_incarnation": Table(row={"parent": SOMEBODY}),
    "privacy_key": Table(
        row={"wrapped": "\\x00", "retention": "identity"},
        checks={
            "privacy_key_is_kept_or_destroyed": [{"wrapped": None}, {"destroyed_at": NOW}],
            "privacy_key_retention_is_known": [{"retention": "for ever"}],
        },
        triggers={
            "privacy_key_guarded": [
                f"UPDATE privacy_key SET person_id = '{SOMEBODY}'",
                "UPDATE privacy_key SET retention = 'marketing'",
                f"UPDATE privacy_key SET created_at = '{LATER}'",
            ]
        },
    ),
}

PAYMENTS: Final = {
    "payments_deposit": Table(
        row={"state": "requested", "currency": "EUR"},
        checks={
            "payments_deposit_amount": [{"amount_minor": 0}, {"amount_minor": -1}],
            "payments_deposit_settled_is_booked": [
                {"state": "settled"},
                {"state": "settled", "settled_at": NOW},
                {"state": "charged_back", "transfer_id": 1},
                {"transfer_id": 1},
                {"settled_at": NOW},
            ],
            "payments_deposit_state": [{"state": "lost"}],
        },
        unique={"payments_deposit_transfer_id_key": {"state": "settled", "settled_at": NOW, "transfer_id": 1}},
        triggers={
            "payments_deposit_forward": [
                *_forward("pending", "charged_back"),
                *(f"UPDATE payments_deposit SET {column} = '{SOMEBODY}'" for column in ("client_id", "wallet_id")),
                "UPDATE payments_deposit SET amount_minor = 2",
                "UPDATE payments_deposit SET currency = 'USD'",
                *(f"UPDATE payments_deposit SET {column} = 'another'" for column in ("reference", "psp")),
            ]
        },
    ),
    "payments_payout": Table(
        row={"state": "planned"},
        checks={
            "payments_payout_amount": [{"amount_minor": 0}],
            "payments_payout_attempts_check": [{"attempts": -1}],
            "payments_payout_number_check": [{"number": -1}],
            "payments_payout_plan_number_check": [{"plan_number": -1}],
            "payments_payout_paid_is_booked": [{"state": "paid"}, {"transfer_id": 1}],
            "payments_payout_state": [{"state": "lost"}],
        },
        unique={"payments_payout_transfer_id_key": {"state": "paid", "transfer_id": 1}},
        triggers={
            "payments_payout_forward": [
                *_forward("sent", "unknown"),
                *(
                    f"UPDATE payments_payout SET {column} = '{SOMEBODY}'"
                    for column in ("withdrawal_id", "destination_id")
                ),
            ]
        },
    ),
    "payments_psp_event": Table(
        row={"state": "stored"},
        checks={
            "payments_psp_event_attempts_check": [{"attempts": -1}],
            "payments_psp_event_says_why": [{"state": "ignored", "why": ""}],
            "payments_psp_event_state": [{"state": "lost", "why": "x"}],
        },
        triggers={
            "payments_psp_event_forward": [
                *_forward("applied", "dismissed"),
                "UPDATE payments_psp_event SET event_id = 'another'",
                f"UPDATE payments_psp_event SET received_at = '{NOW}'",
            ]
        },
    ),
    "payments_source": Table(
        row={"kind": "card"},
        checks={
            "payments_source_kind": [{"kind": "cash"}],
            "payments_source_verified": [
                {"verified_at": NOW, "verified_by": SOMEBODY},
                {"kind": "bank", "verified_at": NOW},
            ],
        },
    ),
    "payments_wallet": Table(
        row={"currency": "EUR"},
        checks={
            "payments_wallet_account": [{"account_number": 0}, {"account_number": -101978}],
            "payments_wallet_currency": [{"currency": "eur"}, {"currency": "EU"}],
        },
    ),
    "payments_wallet_transfer": Table(
        row={"direction": "to_trading", "trading_account_id": SOMEBODY},
        checks={
            "payments_wallet_transfer_amount": [{"amount_minor": 0}],
            "payments_wallet_transfer_direction": [
                {"trading_account_id": None},
                {"direction": "to_wallet"},
                {"direction": "sideways"},
            ],
        },
    ),
    "payments_withdrawal": Table(
        row={"state": "requested"},
        checks={
            "payments_withdrawal_amount": [{"amount_minor": 0}],
            "payments_withdrawal_approvals": [{"approvals_needed": 0}],
            "payments_withdrawal_approvals_needed_check": [{"approvals_needed": -1}],
            "payments_withdrawal_plan_number_check": [{"plan_number": -1}],
            "payments_withdrawal_state": [{"state": "lost"}],
        },
        triggers={
            "payments_withdrawal_forward": [*_forward("approved", "paid"), "UPDATE payments_withdrawal SET hold_id = 2"]
        },
    ),
    "payments_withdrawal_approval": Table(
        checks={"payments_withdrawal_approval_reason": [{"reason": ""}]},
    ),
}

TRADING: Final = {
    "trading_account": Table(
        row={"currency": "EUR", "kind": "netting", "status": "open"},
        checks={
            "trading_account_closed": [{"status": "closed"}, {"closed_at": NOW}, {"status": "asleep"}],
            "trading_account_currency": [{"currency": "eur"}],
            "trading_account_kind": [{"kind": "exotic"}],
            "trading_account_leverage": [{"leverage": 0}],
            "trading_account_leverage_check": [{"leverage": -1}],
            "trading_account_number": [{"account_number": 0}],
        },
    ),
    "trading_commission_accrual": Table(
        checks={
            "trading_commission_accrual_amount": [{"amount_minor": 0}, {"level": 0}],
            "trading_commission_accrual_level_check": [{"level": -1}],
        },
        triggers={
            "trading_commission_accrual_frozen": [
                "UPDATE trading_commission_accrual SET amount_minor = 2",
                f"UPDATE trading_commission_accrual SET payout_id = '{NIL}', level = 2",
            ]
        },
    ),
    "trading_commission_payout": Table(
        checks={
            "trading_commission_payout_accruals_check": [{"accruals": -1}],
            "trading_commission_payout_amount": [{"amount_minor": 0}],
        },
    ),
    "trading_commission_scheme": Table(
        row={"currency": "EUR"},
        checks={"trading_commission_scheme_currency": [{"currency": "eur"}]},
    ),
    "trading_fill": Table(
        row={
            "side": "buy",
            "price": "1.1",
            "quote_ask": "1.1",
            "quote_bid": "1.0",
            "volume": "2",
            "closed_volume": "1",
            "opened_volume": "1",
            "equity_minor": 10,
            "required_minor": 10,
        },
        checks={
            "trading_fill_at_quote": [{"price": "1.0"}, {"side": "sell"}],
            "trading_fill_commission": [{"commission_minor": -1}],
            "trading_fill_covered": [{"equity_minor": 9}, {"equity_minor": None}],
            "trading_fill_side": [{"side": "up"}],
            "trading_fill_volume": [{"volume": "3"}, {"closed_volume": "-1", "opened_volume": "3"}],
        },
    ),
    "trading_instrument": Table(
        row={"quote": "USD", "commission_currency": "USD"},
        checks={
            "trading_instrument_age": [{"maximum_quote_age_seconds": 0}],
            "trading_instrument_maximum_quote_age_seconds_check": [{"maximum_quote_age_seconds": -1}],
            "trading_instrument_commission": [{"commission_per_lot": "-0.01"}],
            "trading_instrument_currencies": [{"quote": "usd"}, {"commission_currency": "usd"}],
            "trading_instrument_digits": [{"digits": 13}],
            "trading_instrument_digits_check": [{"digits": -1}],
            "trading_instrument_size": [{"contract_size": 0}],
            "trading_instrument_triple_swap": [{"triple_swap_weekday": 5}],
            "trading_instrument_triple_swap_weekday_check": [{"triple_swap_weekday": -1}],
            "trading_instrument_volumes": [{"volume_step": 0}, {"volume_step": 2}, {"maximum_volume": 0}],
        },
    ),
    "trading_order": Table(
        row={"side": "buy"},
        checks={"trading_order_side": [{"side": "up"}], "trading_order_volume": [{"volume": 0}]},
    ),
    "trading_position": Table(
        row={"side": "buy"},
        checks={
            "trading_position_open": [{"volume": 0}, {"closed_at": NOW}, {"closed_at": NOW, "volume": 0}],
            "trading_position_original": [{"volume": 2}, {"margin_minor": -1}, {"margin_minor": 2}],
            "trading_position_price": [{"open_price": 0}],
            "trading_position_side": [{"side": "up"}],
        },
    ),
}

CRM: Final = {
    "crm_appropriateness_test": Table(
        checks={
            "crm_appropriateness_test_out_of_check": [{"out_of": -1, "points": -2}],
            "crm_appropriateness_test_points_check": [{"points": -1}],
            "crm_appropriateness_test_points_fit": [{"points": 2}],
        },
    ),
    "crm_broker_membership": Table(
        row={"valid_from": NOW, "broker_id": SOMEBODY_ELSE, "parent_id": SOMEBODY},
        checks={"crm_broker_membership_lasts": [{"valid_to": NOW}]},
        triggers={
            "crm_broker_membership_acyclic": [
                # Above oneself at once, and by way of the row that is there.
                {"broker_id": SOMEBODY, "parent_id": SOMEBODY},
                {"broker_id": SOMEBODY, "parent_id": SOMEBODY_ELSE},
            ],
            "crm_broker_membership_dated": [
                f"UPDATE crm_broker_membership SET broker_id = '{NIL}'",
                f"UPDATE crm_broker_membership SET valid_from = '{LATER}'",
            ],
        },
    ),
    "crm_client": Table(
        row={"category": "retail", "risk": "low", "status": "active"},
        checks={
            "crm_client_category_is_known": [{"category": "friend"}],
            "crm_client_closed_has_its_day": [{"status": "closed"}, {"ended_at": NOW}],
            "crm_client_risk_is_known": [{"risk": "none"}],
            "crm_client_status_is_known": [{"status": "asleep"}],
        },
        triggers={
            "crm_client_guarded": [
                f"UPDATE crm_client SET id = '{NIL}'",
                f"UPDATE crm_client SET user_id = '{NIL}'",
                "UPDATE crm_client SET entity = 'another'",
                f"UPDATE crm_client SET registered_at = '{LATER}'",
            ]
        },
    ),
    "crm_identity_case": Table(
        row={"state": "draft", "decision_reason": ""},
        checks={
            "crm_identity_case_decision_is_complete": [
                {"state": "approved", "submitted_at": NOW},
                {"decided_at": NOW, "decided_by": SOMEBODY},
                {"state": "approved", "submitted_at": NOW, "decided_at": NOW, "decided_by": SOMEBODY},
            ],
            "crm_identity_case_state_is_known": [{"state": "perhaps", "submitted_at": NOW}],
            "crm_identity_case_submitted_has_its_moment": [{"state": "submitted"}, {"submitted_at": NOW}],
        },
        triggers={
            "crm_identity_case_guarded": [
                {"state": "submitted", "submitted_at": NOW},
                f"UPDATE crm_identity_case SET client_id = '{SOMEBODY}'",
                f"UPDATE crm_identity_case SET opened_at = '{LATER}'",
                f"UPDATE crm_identity_case SET state = 'approved', submitted_at = '{NOW}', decided_at = '{NOW}', "
                f"decided_by = '{SOMEBODY}', decision_reason = 'x'",
            ]
        },
    ),
    "crm_identity_document": Table(
        row={"kind": "passport", "media_type": "image/png"},
        checks={
            "crm_identity_document_kind_is_known": [{"kind": "library card"}],
            "crm_identity_document_size_bytes_check": [{"size_bytes": -1}],
            "crm_identity_document_type_is_harmless": [{"media_type": "text/html"}],
        },
        triggers={
            "crm_identity_document_guarded": [{"case_id": NIL}, "UPDATE crm_identity_document SET kind = 'passport'"]
        },
    ),
    "crm_introducing_broker": Table(
        row={"code": "FRIEND-1"},
        checks={"crm_introducing_broker_code_is_canonical": [{"code": "friend-1"}, {"code": "-X-"}, {"code": "AB"}]},
    ),
    "crm_introduction": Table(
        row={"valid_from": NOW},
        checks={"crm_introduction_lasts": [{"valid_to": NOW}]},
        triggers={
            "crm_introduction_dated": [
                f"UPDATE crm_introduction SET client_id = '{NIL}'",
                f"UPDATE crm_introduction SET valid_from = '{LATER}'",
            ]
        },
    ),
    "crm_outgoing_mail": Table(
        row={"recipient_sealed": "\\x00", "subject_sealed": "\\x00", "text_sealed": "\\x00"},
        checks={
            "crm_outgoing_mail_attempts_check": [{"attempts": -1}],
            "crm_outgoing_mail_is_whole_or_empty": [{"text_sealed": None}, {"sent_at": NOW}],
        },
    ),
    "crm_user": Table(
        checks={"crm_user_sessions_generation_check": [{"sessions_generation": -1}]},
    ),
}

AUDIT: Final = {
    "audit_checkpoint": Table(
        row={"size": 1, "frontier": ["\\x00"], "root": EMPTY_HASH},
        checks={
            "audit_checkpoint_frontier": [{"size": 3}, {"frontier": []}],
            "audit_checkpoint_root": [{"root": "\\x00"}],
            "audit_checkpoint_size": [{"size": 0, "frontier": []}],
        },
    ),
    "audit_entry": Table(
        row={"leaf": "\\x", "leaf_hash": EMPTY_HASH},
        checks={
            "audit_entry_leaf_hash": [{"leaf": "\\x00"}],
            "audit_entry_number": [{"number": -1}],
        },
    ),
    "audit_head": Table(
        checks={
            "audit_head_single": [{"id": 2}],
            "audit_head_frontier": [{"size": 1}],
        },
        triggers={
            "audit_head_grows": [
                "UPDATE audit_head SET size = -1",
                "UPDATE audit_head SET frontier = '{\"\\\\x00\"}'",
                "UPDATE audit_head SET cell = 'another'",
                f"UPDATE audit_head SET appended_at = '{NOW}'",
                f"UPDATE audit_head SET partitioned_until = '{NOW}'",
            ]
        },
        row={"cell": "eu", "appended_at": LATER, "partitioned_until": LATER},
    ),
    "audit_source": Table(
        triggers={
            "audit_source_grows": [
                "UPDATE audit_source SET source = 'another', last_source_id = 2, entries = 2",
                "UPDATE audit_source SET last_source_id = 2",
                "UPDATE audit_source SET entries = 2",
            ]
        },
    ),
}

TABLES: Final[Mapping[str, Table]] = {**LEDGER, **FACTS, **PAYMENTS, **TRADING, **CRM, **AUDIT}
