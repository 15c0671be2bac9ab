"""The oracle agrees with the recorded responses to which no repair applies."""

from pathlib import Path

import pytest

from tests.golden.compare import recorded
from tests.golden.exchanges import COMPACT, Exchange, compact_lines, read_exchanges, read_fixture
from tests.golden.oracle import Oracle, parse_target
from tests.golden.repairs import apply_repairs
from tests.golden.replay import needs_broken_image

EXCHANGES = read_exchanges(COMPACT)
FIXTURE = read_fixture(COMPACT)
ORACLE = Oracle(FIXTURE)
LISTS = [
    exchange
    for exchange in EXCHANGES
    if (target := parse_target(exchange))
    and target.is_list
    and "images" in (exchange.response_body or ())
]
SHOWN = [e for e in EXCHANGES if isinstance(e.response_body, dict) and "image" in e.response_body]


def repairs_of(exchange: Exchange) -> list[str]:
    oracle = Oracle(FIXTURE, broken=needs_broken_image(exchange, ORACLE))
    return apply_repairs(exchange, recorded(exchange), oracle)[1]


@pytest.mark.parametrize("exchange", LISTS, ids=lambda exchange: exchange.name)
def test_the_oracle_lists_the_images_that_compute_listed(exchange: Exchange) -> None:
    if repairs_of(exchange) or "property-sort_key" in exchange.path:
        pytest.skip("repaired, or sorted by the Image service")
    target = parse_target(exchange)
    assert target is not None
    assert ORACLE.render_list(exchange.token, target) == recorded(exchange).body["images"]


@pytest.mark.parametrize("exchange", SHOWN, ids=lambda exchange: exchange.name)
def test_the_oracle_renders_images_as_compute_did(exchange: Exchange) -> None:
    target = parse_target(exchange)
    assert target is not None
    assert (
        ORACLE.render_image(ORACLE.image(target.parts[0]), target)
        == recorded(exchange).body["image"]
    )


def test_repairs_apply_only_to_the_exchanges_that_they_are_meant_for() -> None:
    numbers = {exchange.name: repairs_of(exchange) for exchange in EXCHANGES}
    assert numbers["list-property-os_distro"] == ["R1"]
    assert numbers["list-property-name"] == []
    assert numbers["list-status-SAVING"] == ["R4"]
    assert numbers["list-status-saving"] == []
    assert numbers["version-meta-show-2.39"] == ["R6"]
    assert numbers["meta-show-meta-KEY1"] == []
    assert numbers["broken-show"] == ["R2"]
    assert numbers["list"] == []


def test_the_compact_form_keeps_everything_that_is_compared(tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    copy.write_text("".join(compact_lines(EXCHANGES)))
    assert read_exchanges(copy) == EXCHANGES
