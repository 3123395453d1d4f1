"""A small product under a supervisor, run as a process of its own by the tests: Valkey and two services.

Arguments: the root, the base port, and what goes wrong (`nothing`, `dies-at-once`, `never-ready`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from fintech.stack.engines import Stack
from fintech.stack.errors import StackError
from fintech.stack.layout import LocalLayout
from fintech.stack.readiness import answers_at
from fintech.stack.supervisor import Service, StopRequested, Supervisor


def services(layout: LocalLayout, trouble: str) -> list[Service]:
    port = layout.port("web")
    web = Service(
        name="web",
        command=[sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        ready=answers_at(port, "/"),
    )
    # Grandchildren in the same session and in one of their own, as badly behaved libraries make them.
    family = Service(name="family", command=["sh", "-c", f"sleep {port} & setsid sleep {port} & wait"])
    troubles = {
        "dies-at-once": Service(
            name="doomed", command=["sh", "-c", "echo famous last words; exit 3"], ready=lambda: False
        ),
        "never-ready": Service(name="slow", command=["sleep", str(port)], ready=lambda: False, ready_seconds=0.3),
    }
    return [web, family, *([troubles[trouble]] if trouble in troubles else [])]


def main(root: str, base_port: str, trouble: str) -> None:
    layout = LocalLayout(root=Path(root), base_port=int(base_port), cell_names=("au", "eu"))
    try:
        with Supervisor(layout, report=lambda text: print(text, flush=True)) as supervisor:
            supervisor.start_engines(Stack(layout, cells=()))
            supervisor.start(*services(layout, trouble))
            print("all is up", flush=True)
            supervisor.wait()
    except StopRequested:
        pass
    except StackError as error:
        sys.exit(f"refused: {error}")
    print("all is down", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
