"""Recording a fact, in the transaction of what it tells."""

from __future__ import annotations

import json
from uuid import UUID

from fintech.cells import prepared_calls
from fintech.facts import fact_kind
from fintech.facts.codec import encode
from fintech.journal.decisions import current_decision


def record(fact: object, *, subject: tuple[str, UUID | int | str]) -> int:
    """Record what happened; gives the subject's sequence number (from 1, without gaps, in commit order).

    Takes the subject's lock until the transaction ends. Raises TypeError for what isn't a declared fact, ValueError
    when the fact belongs to another concern, RuntimeError outside a decision.
    """
    decision = current_decision()
    declared = fact_kind(fact)
    if declared.kind.partition(".")[0] != decision.concern:
        raise ValueError(f"{declared.kind} isn't {decision.concern}'s to record")
    decision.journal_id  # noqa: B018  # names the actor to the transaction
    (seq,) = prepared_calls.row(
        decision.alias,
        "SELECT fact_seq FROM factlog_record_v1(%s::text, %s::smallint, %s::text, %s::text, %s::jsonb)",
        [declared.kind, declared.version, subject[0], str(subject[1]), json.dumps(encode(fact))],
    )
    if isinstance(client_id := getattr(fact, "client_id", None), UUID):
        decision.concerns_clients.add(client_id)
    return int(seq)
