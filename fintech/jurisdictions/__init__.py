"""Jurisdictions: what binds a regulatory entity and where its clients' data live, read from one file each."""

from fintech.jurisdictions.model import (
    Ending,
    Jurisdiction,
    NoRuleInForce,
    RegulatoryEntity,
    RuleVersion,
)
from fintech.jurisdictions.reading import JurisdictionFileError
from fintech.jurisdictions.registry import (
    UnknownJurisdiction,
    jurisdiction,
    jurisdictions,
    load_folder,
)
from fintech.jurisdictions.rules import LeverageCaps, LeverageClass, Rules

__all__ = [
    "Ending",
    "Jurisdiction",
    "JurisdictionFileError",
    "LeverageCaps",
    "LeverageClass",
    "NoRuleInForce",
    "RegulatoryEntity",
    "RuleVersion",
    "Rules",
    "UnknownJurisdiction",
    "jurisdiction",
    "jurisdictions",
    "load_folder",
]
