"""The journal: one decision for each request, however often it is asked."""

from fintech.journal.decisions import Decision, current_decision, inside_decision
from fintech.journal.refusals import KeyReused, Refusal
from fintech.journal.verbs import verb

__all__ = ["Decision", "KeyReused", "Refusal", "current_decision", "inside_decision", "verb"]
