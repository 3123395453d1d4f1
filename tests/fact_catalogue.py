"""docs/facts.md, made from the code: `python -m tests.fact_catalogue [--write]`.

For each kind of fact: what it says, which verbs record it and which followers react to it. The verbs are found by
reading the code: from each verb or follower along the functions that it calls to where the fact's class is made.
"""

from __future__ import annotations

import ast
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "docs" / "facts.md"
CONCERNS = ("crm", "payments", "trading", "audit")
NOTHING = "none"
HEAD = """# Facts

What one database tells the others, and the audit log. A fact is recorded in the transaction of the change that it
tells; a follower takes its effect and its bookmark in one transaction of its own database, exactly once. Facts hold
ids, codes, amounts in minor units, moments (UTC) and flags, never a name or an address. Besides these, every change
of an audited table is captured as `<table>.inserted`, `<table>.updated` or `<table>.deleted`; `audit.append` follows
all of it.

This page is made from the code by `make schema`; `make check` refuses it when it is out of date.
"""


@dataclass
class Function:
    """A function of a concern: what it calls, which facts' classes it names, and whether it's where a change begins."""

    name: str
    begins: str = ""
    calls: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)


def functions_of(path: Path, fact_names: frozenset[str]) -> Iterator[Function]:
    """The functions of a file, by `module.function`; calls are resolved by the file's own imports."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(path.read_text())
    known = {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            known.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield _function(node, module, known, fact_names)


def _function(node: ast.FunctionDef, module: str, known: dict[str, str], fact_names: frozenset[str]) -> Function:
    found = Function(f"{module}.{node.name}", begins=_begins(node, module))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in fact_names:
            found.made.add(inner.func.id)
        elif isinstance(inner, ast.Name) and inner.id in known:
            found.calls.add(known[inner.id])
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id in known:
            found.calls.add(f"{known[inner.value.id]}.{inner.attr}")
    return found


def _begins(node: ast.FunctionDef, module: str) -> str:
    from fintech.factlog.followers import all_followers

    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "verb":
            return f"{module.partition('.')[0]}.{node.name}"
    following = [
        name
        for name, declared in all_followers().items()
        if (declared.handle.__module__, declared.handle.__name__) == (module, node.name)
    ]
    return f"{', '.join(following)} (follower)" if following else ""


def recorded_by(fact_names: Iterable[str]) -> dict[str, set[str]]:
    """Per fact class the verbs and followers from which its making can be reached."""
    names = frozenset(fact_names)
    functions = {
        function.name: function
        for concern in CONCERNS
        for path in sorted((ROOT / concern).rglob("*.py"))
        if not {"tests", "migrations", "psps"} & set(path.parts)
        for function in functions_of(path, names)
    }
    result: dict[str, set[str]] = defaultdict(set)
    for start in functions.values():
        if start.begins:
            for name in _made_from(start.name, functions):
                result[name].add(start.begins)
    return result


def _made_from(start: str, functions: dict[str, Function]) -> set[str]:
    seen, waiting, made = {start}, [start], set[str]()
    while waiting:
        function = functions[waiting.pop()]
        made |= function.made
        for called in function.calls - seen:
            # A verb that is named inside another is begun by somebody else, later.
            if called in functions and not functions[called].begins:
                seen.add(called)
                waiting.append(called)
    return made


def catalogue() -> str:
    """The page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")
    import django

    django.setup()
    from fintech.factlog.followers import all_followers
    from fintech.facts import all_facts, fact_kind

    facts = all_facts()
    verbs = recorded_by(cls.__name__ for cls in facts.values())
    followers = all_followers().values()
    lines = [HEAD]
    for concern in CONCERNS:
        mine = {kind: cls for kind, cls in sorted(facts.items()) if kind.startswith(f"{concern}.")}
        if not mine:
            continue
        lines += [
            f"## {concern}",
            "",
            "| kind | what it says | fields | recorded by | followed by |",
            "|---|---|---|---|---|",
        ]
        for kind, cls in mine.items():
            reacting = [f.name for f in followers if f.source == f"{concern}.fact" and f.kinds and kind in f.kinds]
            says = " ".join((cls.__doc__ or "").split())
            columns = ", ".join(f"`{column.name}`" for column in fields(cls))
            lines.append(
                f"| `{kind}` v{fact_kind(cls).version} | {says} | {columns} | {_listed(verbs[cls.__name__])} "
                f"| {_listed(reacting)} |"
            )
        lines.append("")
    lines += ["## The ledger's transfers", "", "| log | followed by |", "|---|---|"]
    for source in ("payments.transfer", "trading.transfer"):
        lines.append(f"| `{source}` | {_listed(f.name for f in followers if f.source == source)} |")
    return "\n".join(lines) + "\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or NOTHING


def unrecorded(page: str) -> list[str]:
    """Kinds that nothing records: lines whose fourth column is empty."""
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `") and line.count(" | ") == 4]
    return [row[0] for row in rows if row[3] == NOTHING]


def main() -> int:
    """Compare or write; 1 when they differ, or when nothing records a declared kind."""
    page = catalogue()
    if dead := unrecorded(page):
        print("No verb and no follower records: " + ", ".join(dead))
        return 1
    if "--write" in sys.argv:
        COMMITTED.write_text(page)
        print(f"wrote {COMMITTED.name}")
        return 0
    if COMMITTED.exists() and COMMITTED.read_text() == page:
        print("facts: the page is as the code says")
        return 0
    print("docs/facts.md is out of date: run `make schema` and commit it.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
