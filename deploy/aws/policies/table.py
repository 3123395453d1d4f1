"""Which promise is asked of the templates where: `python -m deploy.aws.policies.table [--write]` renders a page.

The page is docs/promises-aws.md, made from the policies' docstrings, each of which begins with its promises. Without
`--write` it says whether the page is as the policies are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Final

from deploy.aws.policies import POLICIES, Policy
from deploy.locked_environment import REPOSITORY
from deploy.rendered_file import write_or_compare

PAGE: Final = REPOSITORY / "docs" / "promises-aws.md"
_PROMISES: Final = re.compile(r"(P\d+(?:, P\d+)*): (.+)")


class NoPromise(ValueError):
    """A policy's docstring doesn't begin with the promises that it is about."""


def said(policy: Policy) -> tuple[list[str], str]:
    """The promises of a policy, and what it asks. Raises NoPromise."""
    found = _PROMISES.match(" ".join((policy.__doc__ or "").split()))
    if found is None:
        raise NoPromise(f"{policy.__name__}: begin its docstring with the promise, as `P14: …`")
    return found[1].split(", "), found[2]


def rendered() -> str:
    """The page."""
    return "\n".join(
        [
            "# What is promised, and where the templates for AWS are asked for it",
            "",
            "Rendered from `deploy/aws/policies` by `make synth`: change those, not this page. Each policy is asked",
            "of the stacks of every cell of every environment; `tests/deploy` plants what each must find.",
            "",
            "| promise | asked | of the stacks | policy |",
            "|---|---|---|---|",
            *_rows(),
            "",
        ]
    )


def _rows() -> Iterator[str]:
    kinds: dict[Policy, list[str]] = {}
    for kind, policies in POLICIES.items():
        for policy in policies:
            kinds.setdefault(policy, []).append(kind)
    rows = [
        (
            int(promise[1:]),
            promise,
            asked,
            ", ".join(where),
            f"{policy.__module__.rpartition('.')[2]}.{policy.__name__}",
        )
        for policy, where in kinds.items()
        for promises, asked in [said(policy)]
        for promise in promises
    ]
    for _, promise, asked, where, name in sorted(rows):
        yield f"| {promise} | {asked} | {where} | `{name}` |"


def main() -> int:
    """Write or compare; 1 when the page isn't as the policies are."""
    return write_or_compare({PAGE: rendered()}, command="python -m deploy.aws.policies.table")


if __name__ == "__main__":
    sys.exit(main())
