"""`deploy/pipeline.toml`, typed: whose pipeline may act in the clouds, by GitLab's word, and under which roles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from deploy.definition.reading import DEPLOY, opened

FILE: Final = DEPLOY / "pipeline.toml"

Step = Literal["migrate", "deploy", "roll-back"]
STEPS: Final[tuple[Step, ...]] = ("migrate", "deploy", "roll-back")

_SERVER: Final = re.compile(r"https://[a-z0-9.-]+(:\d+)?")
# No star: AWS compares by text, but a reader of the file may take one for a pattern.
_PATH: Final = re.compile(r"[\w.-]+(/[\w.-]+)+")
_BRANCH: Final = re.compile(r"[\w./-]+")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """GitLab's address, the project, and the protected branch that alone deploys."""

    server: str
    project: str
    branch: str

    @property
    def host(self) -> str:
        """The address without its scheme, as clouds name who issues tokens."""
        return self.server.removeprefix("https://")

    @property
    def subject(self) -> str:
        """What GitLab writes into the tokens of the branch's jobs (its documentation on ID tokens, `sub`)."""
        return f"project_path:{self.project}:ref_type:branch:ref:{self.branch}"


def read_pipeline(path: Path = FILE) -> Pipeline:
    """Read pipeline.toml. Raises DefinitionError."""
    top = opened(path)
    found = Pipeline(server=top.text("server"), project=top.text("project"), branch=top.text("branch"))
    top.finish()
    for key, text, form in (
        ("server", found.server, _SERVER),
        ("project", found.project, _PATH),
        ("branch", found.branch, _BRANCH),
    ):
        if not form.fullmatch(text):
            raise top.error(key, f"is {text!r}", f"write it in the form {form.pattern}")
    return found


def role_name(environment: str, cell: str, step: Step, region: str) -> str:
    """The role on AWS by which the pipeline takes a step in a cell; names are an account's, so the region is in it."""
    return f"{environment}-{cell}-{step}-{region}"
