"""The figures of lists: which ones a run replaces, and their picture in the documentation."""

import json
from pathlib import Path

import pytest
from bench.gateway_servers import MODES
from bench.list_figures import API, DATABASE, GLANCE, RECORDED, ListFigures, read_figures
from bench.list_plot import FILE, render_plot
from bench.timings import Timings

KNOWN = {RECORDED: {"1": 22}, GLANCE: {"1": 5}, API: {"1": 6}, DATABASE: {"1": 1}}


def timings(*milliseconds: float) -> Timings:
    return Timings([*milliseconds], 0, 0.0, 0.0, 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "lists.json"
    file.write_text(json.dumps(KNOWN))
    return file


def test_the_picture_in_the_documentation_is_that_of_the_figures() -> None:
    assert FILE.read_text() == render_plot(read_figures()), "run `make plot`"


def test_a_whole_run_replaces_all_figures_but_the_recorded_ones(file: Path) -> None:
    figures = ListFigures()
    for mode in MODES:
        factor = 1 if mode == "api" else 0.1
        pairs = [
            (timings(600 * factor, 8 * factor), timings(7.25)),
            (timings(7 * factor), timings(200.6)),
        ]
        figures.add(mode, 1, pairs)
        figures.add(mode, None, pairs)
    assert figures.write(file)
    assert read_figures(file) == {
        RECORDED: {1: 22.0},
        GLANCE: {1: 104.0},
        API: {1: 8.0},
        DATABASE: {1: 0.8},
    }


def test_a_part_of_a_run_replaces_no_figure(file: Path) -> None:
    figures = ListFigures()
    figures.add("api", 1, [(timings(8.0), timings(7.0))])
    assert not figures.write(file)
    assert json.loads(file.read_text()) == KNOWN
