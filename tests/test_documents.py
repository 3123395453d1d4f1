"""What documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fintech.stack.layout import REPOSITORY

NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
DOCUMENTS = sorted(
    path for path in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("deploy/*.md")]
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_is_there(document: Path) -> None:
    for file, name in NAMED.findall(document.read_text(encoding="utf-8")):
        source = REPOSITORY / file
        assert source.is_file(), f"{document.name} names {file}"
        assert re.search(rf"^\s*(async )?def {name}\(", source.read_text(encoding="utf-8"), re.MULTILINE), (
            f"{file}::{name}"
        )


def test_the_list_of_what_tries_to_break_it_names_tests() -> None:
    assert len(NAMED.findall((REPOSITORY / "docs" / "what-tries-to-break-it.md").read_text(encoding="utf-8"))) > 40
