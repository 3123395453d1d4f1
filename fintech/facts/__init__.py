"""The published language: what happened, in words and fields that every concern may read. Standard library only."""

from fintech.facts.language import FactKind, all_facts, fact, fact_class, fact_kind

__all__ = ["FactKind", "all_facts", "fact", "fact_class", "fact_kind"]
