"""The picture of a cell on AWS is drawn from the templates: it shows what they hold, and changes with them."""

from __future__ import annotations

import pytest

from deploy.aws.drawing import Drawing
from deploy.aws.picture import CELL, PICTURE, Cell, drawn, rendered
from deploy.aws.synthesis import regions, synthesise
from deploy.definition import read_services


@pytest.mark.synth
def test_the_picture_is_as_the_templates_are() -> None:
    assert PICTURE.read_text(encoding="utf-8") == rendered()


@pytest.mark.synth
def test_every_service_and_task_is_drawn() -> None:
    picture, definition = rendered(), read_services()
    assert [name for name in definition.services if f">{name}<" not in picture and f">{name} (" not in picture] == []
    assert f">{', '.join(definition.tasks)}<" in picture


@pytest.mark.synth
def test_what_the_templates_hold_no_longer_is_drawn_no_longer() -> None:
    templates = {name: {**template} for name, template in synthesise().items()}
    services = templates[f"{CELL}-services"]["Resources"]
    templates[f"{CELL}-services"]["Resources"] = {
        name: found for name, found in services.items() if not name.startswith("FleetBeat")
    }
    assert ">beat<" not in drawn(Cell(CELL, templates, regions()))


def test_text_is_text() -> None:
    drawing = Drawing(10, 10, title="a < b & c")
    assert "a &lt; b &amp; c" in drawing.svg()
