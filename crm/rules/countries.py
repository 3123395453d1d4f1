"""Countries by ISO 3166-1 alpha-2, and how risky a residence in one is to money laundering."""

from __future__ import annotations

from typing import Final, Literal

Risk = Literal["low", "medium", "high"]

_ASSIGNED: Final = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA
    CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
    GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS
    MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
    RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW
    TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""

_MONITORED: Final = "AO BG BO CD CI CM DZ HT KE LA LB MC NA NP SS SY VE VG VN YE"

COUNTRIES: Final = frozenset(_ASSIGNED.split())
"""Every officially assigned code. Source: ISO 3166-1."""

CALL_FOR_ACTION: Final = frozenset({"IR", "KP", "MM"})
"""FATF, High-Risk Jurisdictions subject to a Call for Action, 24 October 2025."""

INCREASED_MONITORING: Final = frozenset(_MONITORED.split())
"""FATF, Jurisdictions under Increased Monitoring, 24 October 2025."""


def is_country(code: str) -> bool:
    """Whether this is an assigned two-letter code, in capitals."""
    return code in COUNTRIES


def risk_of_residence(country: str) -> Risk:
    """The rating that a client of this residence begins with; compliance may set another."""
    if country in CALL_FOR_ACTION:
        return "high"
    return "medium" if country in INCREASED_MONITORING else "low"
