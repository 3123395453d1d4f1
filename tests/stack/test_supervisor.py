"""However a run ends, nothing that it started is left, nothing else is touched, and the next run starts."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from fintech.stack import processes
from fintech.stack.engines import Stack
from fintech.stack.errors import StackError
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.running_services import RunningServices, restart

from .conftest import free_layout, watched


class Product:
    """A run of tests/stack/supervised.py."""

    def __init__(self, layout: LocalLayout, *, trouble: str = "nothing", under_a_shell: bool = False) -> None:
        self.layout = layout
        self.output = layout.root.parent / "output"
        command = [
            sys.executable,
            "-m",
            "tests.stack.supervised",
            str(layout.root),
            str(layout.base_port),
            trouble,
        ]
        if under_a_shell:
            command = ["sh", "-c", '"$@"; true', "sh", *command]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT)

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_said(self, text: str) -> None:
        processes.wait_until(lambda: text in self.said() or self.process.poll() is not None, seconds=30)
        assert text in self.said()

    def wait_until_up(self) -> None:
        self.wait_until_said("all is up")

    def services(self) -> RunningServices:
        running = RunningServices.read(self.layout.services_file)
        assert running is not None
        return running

    def leftovers(self) -> list[str]:
        """What lives of it: its services have the port, its engines and its reaper the root, in their command lines."""
        root = self.layout.root
        marks = (str(root), str(self.layout.engines.resolve()), f" {self.layout.port('web')}")
        return [line for _, line in processes.living() if any(mark in line for mark in marks)]

    def engine_pids(self) -> list[int]:
        """The leading process of each engine that lives."""
        engines = str(self.layout.engines.resolve())
        return [pid for pid, line in processes.living() if engines in line]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def assert_nothing_is_left(self) -> None:
        assert processes.wait_until(lambda: not self.leftovers(), seconds=20), self.leftovers()


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLayout]:
    """One root for all runs that end: each starts on what the one before has left."""
    layout = free_layout(tmp_path_factory.mktemp("ending") / "root")
    yield layout
    Stack(layout, cells=()).reset()


@pytest.fixture
def run(layout: LocalLayout) -> Iterator[Callable[..., Product]]:
    """Start the product; whatever a failed test leaves is killed."""
    products = []

    def run(**options: object) -> Product:
        products.append(Product(layout, **options))  # type: ignore[arg-type]
        return products[-1]

    yield run
    for product in products:
        product.kill()
    if products:
        processes.wait_until(lambda: not products[0].leftovers(), seconds=20)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One run that several tests look at; each leaves its services running."""
    product = Product(free_layout(tmp_path_factory.mktemp("running") / "root"))
    product.wait_until_up()
    yield product
    product.kill()
    product.assert_nothing_is_left()
    Stack(product.layout, cells=()).reset()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_stops_everything_before_it_ends(run: Callable[..., Product], ending: signal.Signals) -> None:
    product = run()
    product.wait_until_up()
    engines = product.engine_pids()
    product.process.send_signal(ending)
    assert product.process.wait(timeout=20) == 0
    assert product.leftovers() == []
    assert engines
    assert [pid for pid in engines if processes.is_listed(pid)] == []  # nor as a dead child of init
    assert "all is down" in product.said()


def test_killed_it_leaves_nothing_and_starts_again(run: Callable[..., Product]) -> None:
    product = run()
    product.wait_until_up()
    product.kill()
    again = run()
    again.wait_until_up()
    again.process.terminate()
    assert again.process.wait(timeout=20) == 0
    again.assert_nothing_is_left()


def test_killed_while_it_starts_it_leaves_nothing(run: Callable[..., Product]) -> None:
    product = run()
    product.wait_until_said("PostgreSQL")  # the engines are next
    product.kill()
    product.assert_nothing_is_left()


def test_it_ends_when_its_parent_is_killed(run: Callable[..., Product]) -> None:
    product = run(under_a_shell=True)
    product.wait_until_up()
    product.kill()
    product.assert_nothing_is_left()
    assert "all is down" in product.said()


def test_a_killed_reaper_is_replaced_so_that_a_killed_run_still_leaves_nothing(run: Callable[..., Product]) -> None:
    product = run()
    product.wait_until_up()

    def reapers() -> list[int]:
        return [
            pid
            for pid, line in processes.living()
            if "fintech.stack.reaper" in line and str(product.layout.root) in line
        ]

    (first,) = reapers()
    processes.signal_process(first, signal.SIGKILL)
    assert processes.wait_until(lambda: reapers() not in ([], [first]), seconds=10)
    product.kill()
    product.assert_nothing_is_left()


def test_engines_that_ran_before_stay(run: Callable[..., Product], layout: LocalLayout) -> None:
    stack = Stack(layout, cells=())
    with watched(layout) as reaper:
        stack.up(starting=reaper.watch_engine)
        product = run()
        product.wait_until_up()
        product.kill()
        mine = {stack.valkey.process.pid(), stack.valkey_front.process.pid(), reaper.pid}
        assert processes.wait_until(lambda: len(product.leftovers()) == len(mine), seconds=20), product.leftovers()
        assert stack.valkey.is_ready()
        assert stack.valkey_front.is_ready()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [("dies-at-once", "doomed.*ended with status 3.*famous last words"), ("never-ready", "slow isn't ready")],
)
def test_a_failed_start_says_why_and_stops_what_was_started(
    run: Callable[..., Product], trouble: str, said: str
) -> None:
    product = run(trouble=trouble)
    assert product.process.wait(timeout=30) == 1
    assert product.leftovers() == []
    refusal = product.said().partition("refused: ")[2].replace("\n", " ")
    assert re.search(said, refusal), product.said()


def test_a_service_that_dies_is_reported_with_its_last_words_and_not_restarted(running: Product) -> None:
    before = running.services()
    processes.signal_process(before.service("web").pid, signal.SIGKILL)
    running.wait_until_said("ended by SIGKILL")
    assert "GET /" in running.said().partition("ended by SIGKILL")[2]
    assert running.services().service("web").state == "ended"
    assert running.services().service("family") == before.service("family")
    assert restart(running.layout.services_file, "web").state == "ready"


@pytest.mark.parametrize("kill", [True, False])
def test_a_service_is_restarted_on_demand(running: Product, kill: bool) -> None:
    before = running.services().service("web")
    renewed = restart(running.layout.services_file, "web", kill=kill)
    assert renewed.state == "ready"
    assert renewed.pid != before.pid
    assert not processes.is_alive(before.pid)


def test_a_service_that_nobody_knows_cannot_be_restarted(running: Product) -> None:
    with pytest.raises(StackError, match="there are: web, family"):
        restart(running.layout.services_file, "wbe")


def test_a_second_run_on_the_same_root_is_refused(running: Product) -> None:
    second = subprocess.run(running.process.args, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"run already (process {running.services().supervisor})" in second.stderr


def test_a_stack_with_services_on_it_is_not_reset(running: Product) -> None:
    with pytest.raises(StackError, match="services run on this stack"):
        Stack(running.layout, cells=()).reset()
