"""`manage.py journey`: the main job, played through public doors, in every served jurisdiction."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from fintech.journey.cast import Story
from fintech.journey.expectations import NotServed, NotSo
from fintech.journey.narration import Abandoned, ConsoleTeller, JsonTeller, Narration, Teller
from fintech.journey.places import Place
from fintech.journey.story import play
from fintech.stack.layout import LocalLayout, cells_of
from fintech.stack.running_services import RunningServices


class Command(BaseCommand):
    """Plays the story for the cells side by side; each is a client's whole life."""

    help = (
        "Play the main job through public doors: register, prove identity, deposit, trade, withdraw, earn commission; "
        "then check books and audit log. Ends non-zero at the first thing that isn't so. The services must be up "
        "(make demo). Examples: journey; journey --cell eu; journey --json"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` and `--json`."""
        parser.add_argument("--cell", action="append", help="only this cell (may be repeated)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line and step")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play; the exit status is 0 only if everything was as it should be."""
        layout, served = LocalLayout.from_environment(), cells_of()
        cells = tuple(options["cell"] or served)
        for name in cells:
            if name not in served:
                raise CommandError(f"cell {name!r} isn't served here; there are {', '.join(served)}")
        if RunningServices.read(layout.services_file) is None:
            raise CommandError(f"no services run on the stack in {layout.root}; start them by `make demo`")
        places = [Place.of(name, layout, served) for name in cells]
        console = Console(highlight=False, soft_wrap=True)
        teller: Teller = JsonTeller(sys.stdout)
        if not options["json"]:
            teller = ConsoleTeller(console, [(place.cell_name, place.title) for place in places])
        begun = time.monotonic()
        failures = _play_all(places, teller)
        if failures:
            raise CommandError("\n".join(failures))
        if not options["json"]:
            console.print(f"\nEverything was as it should be: {len(cells)} stories, {time.monotonic() - begun:.1f} s.")


def _play_all(places: list[Place], teller: Teller) -> list[str]:
    abandoned = threading.Event()
    with ThreadPoolExecutor(len(places), thread_name_prefix="story") as pool:
        endings = [pool.submit(_play_one, place, teller, abandoned) for place in places]
    return [failure for ending in endings if (failure := ending.result())]


def _play_one(place: Place, teller: Teller, abandoned: threading.Event) -> str | None:
    narration = Narration(place.cell_name, teller, abandoned)
    try:
        play(Story.at(place, narration))
    except Abandoned:
        return None
    except (NotSo, NotServed) as error:
        return f"{place.cell_name}: {error}"
    finally:
        narration.finish()
    return None
