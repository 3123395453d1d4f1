"""The local stack: one Valkey behind its TLS front, and per cell a PostgreSQL primary with its replica."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cached_property, partial

from fintech.stack import engine_home, local_secrets, ports, postgresql_making
from fintech.stack.certificates import load_or_make_authority
from fintech.stack.engine import Engine
from fintech.stack.engine_home import EngineHome
from fintech.stack.engine_status import EngineStatus, status_of
from fintech.stack.engine_user import EngineUser
from fintech.stack.errors import StackError
from fintech.stack.find_postgresql import find_postgresql
from fintech.stack.layout import LocalLayout
from fintech.stack.postgresql import Cluster, Role, Workshop
from fintech.stack.postgresql_configuration import ZONES
from fintech.stack.postgresql_databases import prepare_databases
from fintech.stack.processes import EngineProcess
from fintech.stack.readable_programs import readable_postgresql
from fintech.stack.running_services import RunningServices
from fintech.stack.valkey import Valkey
from fintech.stack.valkey_front import ValkeyFront

Progress = Callable[[str], None]
Starting = Callable[[EngineProcess], None]


def _silent(_: object) -> None:
    """Tell nobody."""


class Stack:
    """The engines of one layout. Making one starts nothing; `up` may be repeated, and recovers what died.

    `durable=False` leaves out what protects against the loss of the machine (fsync, the WAL archive): for tests.
    """

    def __init__(
        self, layout: LocalLayout, *, cells: Sequence[str], replicas: bool = True, durable: bool = True
    ) -> None:
        self.layout = layout
        self.cells = tuple(cells)
        self.replicas = replicas
        self.durable = durable
        for cell in self.cells:
            layout.primary_port(cell)  # raises for a cell that doesn't exist

    def up(self, *, progress: Progress = _silent, starting: Starting = _silent) -> None:
        """Start every engine that doesn't run, making what doesn't exist yet.

        `starting` is told of each engine just before it is started (and of none that runs already): whoever must
        stop them later learns of them in time. When one fails, those started here are stopped again.
        Raises StackError (PortTaken, RootNotOurs …) saying what helps.
        """
        started: list[Engine] = []
        interrupted = threading.Event()
        with self._locked():
            progress(str(self._workshop.installation))
            if not (ZONES / "UTC").exists():
                progress(f"no time zones in {ZONES}: install tzdata, or names such as Europe/Berlin are unknown")
            self._require_free_ports()

            def start(engine: Engine) -> None:
                if interrupted.is_set():
                    raise StackError("interrupted")
                if engine.is_running():
                    progress(f"{engine.name} runs{_on_port(engine)}")
                else:
                    starting(engine.process)
                    started.append(engine)
                    engine.start()
                    progress(f"{engine.name} started{_on_port(engine)}")

            def start_valkey() -> None:
                start(self.valkey)
                start(self.valkey_front)

            try:
                _all_at_once(
                    [start_valkey, *(self._cell_start(cell, start) for cell in self.cells)],
                    interrupted=interrupted,
                )
            except BaseException:
                _all_at_once([engine.stop for engine in started])
                raise

    def down(self, *, progress: Progress = _silent) -> None:
        """Stop every engine of these cells in order and wait until they are gone; Valkey too if no other cell runs."""
        if not self.layout.run.is_dir():
            return

        def stop(engine: Engine) -> None:
            if engine.stop():
                progress(f"{engine.name} stopped")

        others = (self.primary(cell) for cell in self.layout.cell_names if cell not in self.cells)
        with self._lock():
            needed = any(other.is_running() for other in others)
            _all_at_once([partial(stop, engine) for engine in (self.clusters() if needed else self.engines())])

    def reset(self, *, progress: Progress = _silent) -> None:
        """Stop everything and delete the root with all data, secrets and logs. Raises RootNotOurs."""
        if self.layout.root.exists():
            engine_home.require_marked(self.layout)
            running = RunningServices.read(self.layout.services_file)
            if running is not None:
                raise StackError(f"services run on this stack (process {running.supervisor}); stop them first")
            Stack(self.layout, cells=self.layout.cell_names).down(progress=progress)
            engine_home.remove_root(self.layout)
        progress(f"{self.layout.root} is gone")

    def status(self) -> list[EngineStatus]:
        """How every engine fares, in the order of `engines()`."""
        return [
            status_of(
                engine,
                primary=self.primary(engine.cell) if isinstance(engine, Cluster) and engine.role == "replica" else None,
            )
            for engine in self.engines()
        ]

    def primary(self, cell: str) -> Cluster:
        """A cell's primary."""
        return self._cluster(cell, "primary")

    def replica(self, cell: str) -> Cluster:
        """A cell's replica."""
        return self._cluster(cell, "replica")

    @property
    def valkey(self) -> Valkey:
        """The one Valkey."""
        return Valkey(layout=self.layout, home=lambda: self._home)

    @property
    def valkey_front(self) -> ValkeyFront:
        """What stands before Valkey and speaks TLS."""
        return ValkeyFront(layout=self.layout, home=lambda: self._home, authority=lambda: self._workshop.authority)

    def engines(self) -> list[Engine]:
        """All engines, whether they run or not."""
        return [self.valkey, self.valkey_front, *self.clusters()]

    def clusters(self) -> list[Cluster]:
        """All PostgreSQL servers, whether they run or not."""
        roles: tuple[Role, ...] = ("primary", "replica") if self.replicas else ("primary",)
        return [self._cluster(cell, role) for cell in self.cells for role in roles]

    def _cluster(self, cell: str, role: Role) -> Cluster:
        return Cluster(layout=self.layout, cell=cell, role=role, workshop=lambda: self._workshop)

    def _cell_start(self, cell: str, start: Callable[[Engine], None]) -> Callable[[], None]:
        primary, replica = self.primary(cell), self.replica(cell)

        def run() -> None:
            if not primary.exists():
                postgresql_making.make_primary(primary, self._workshop)
            start(primary)
            # The replica is made from the empty primary and learns of the databases by streaming: twice as quick.
            _all_at_once([lambda: prepare_databases(primary), *([run_replica] if self.replicas else [])])
            if self.replicas:
                postgresql_making.wait_until_caught_up(replica, primary)

        def run_replica() -> None:
            if not replica.is_running() and not postgresql_making.replica_is_usable(replica, primary):
                postgresql_making.make_replica(replica, primary, self._workshop)
            start(replica)

        return run

    def _require_free_ports(self) -> None:
        # All of them before anything is started: the error comes at once, and nothing has to be stopped again.
        for engine in self.engines():
            if not engine.is_running():
                if isinstance(engine, Cluster):
                    engine.clear_remains()
                if engine.port is not None:
                    ports.require_free(engine.port, what=engine.name)

    @cached_property
    def _workshop(self) -> Workshop:
        authority = load_or_make_authority(
            certificate_file=self.layout.certificate_authority,
            key_file=self.layout.certificates / "authority.key",
        )
        installation = readable_postgresql(find_postgresql(), self._home)
        return Workshop(home=self._home, authority=authority, installation=installation, durable=self.durable)

    @cached_property
    def _home(self) -> EngineHome:
        user = EngineUser.choose()
        return engine_home.make_home(self.layout, user)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The root prepared, its secrets complete, and nobody else starting or stopping engines."""
        engine_home.prepare_root(self.layout, EngineUser.choose())
        with self._lock():
            made = any(self.layout.engines.glob("postgresql-*-primary"))
            if made and not self.layout.secrets_file.exists():
                raise StackError(
                    f"{self.layout.secrets_file} is gone, and nothing opens the databases without it; "
                    "put it back, or start afresh with `manage.py stack reset`"
                )
            local_secrets.make_missing(self.layout.secrets_file, self.cells)
            # What an earlier `up` found may be gone since (a reset in between).
            vars(self).pop("_home", None)
            vars(self).pop("_workshop", None)
            yield

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self.layout.stack_lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _on_port(engine: Engine) -> str:
    return "" if engine.port is None else f" on port {engine.port}"


def _all_at_once(tasks: Sequence[Callable[[], object]], *, interrupted: threading.Event | None = None) -> None:
    """Run the tasks side by side and wait for all of them; then raise the first error, if there was one.

    An interruption (Ctrl-C) doesn't leave running tasks behind: it is told to them by `interrupted`, and raised when
    they have ended.
    """
    interruption: BaseException | None = None
    executor = ThreadPoolExecutor(max_workers=max(len(tasks), 1))
    futures = [executor.submit(task) for task in tasks]
    while not all(future.done() for future in futures):
        try:
            wait(futures)
        except BaseException as error:
            interruption = interruption or error
            if interrupted is not None:
                interrupted.set()
    executor.shutdown()
    if interruption is not None:
        raise interruption
    for future in futures:
        future.result()
