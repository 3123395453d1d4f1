"""A blind index finds a text again, and means nothing in another cell, concern or column."""

from __future__ import annotations

from fintech.cells import Actor, CellContext, cell
from fintech.privacy.blind_index import blind_index


def test_one_address_in_different_spellings_has_one_index(eu: CellContext) -> None:
    spellings = ["maria@example.com", " Maria@Example.COM ", "\uff4daria@example.com"]
    assert len({blind_index("crm", each) for each in spellings}) == 1
    assert blind_index("crm", "maria@example.com") != blind_index("crm", "mario@example.com")


def test_an_index_is_32_bytes_and_stays_the_same(eu: CellContext) -> None:
    assert len(blind_index("crm", "x")) == 32
    assert blind_index("crm", "x") == blind_index("crm", "x")


def test_the_same_text_has_other_indexes_elsewhere(both_cells: None) -> None:
    with cell("eu", actor=Actor.system("test")):
        indexes = {
            blind_index("crm", "maria"),
            blind_index("payments", "maria"),
            blind_index("crm", "maria", column="phone"),
        }
    with cell("au", actor=Actor.system("test")):
        indexes.add(blind_index("crm", "maria"))
    assert len(indexes) == 4
