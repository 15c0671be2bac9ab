"""The tenancy table says what a real Compute was recorded to answer, wherever there is a recording.

The recordings have another project's images, an accepted member, an admin and no token; what they
lack (a pending member, an expired token) only a running service can show.
"""

from collections.abc import Iterator

import pytest

from tests.acceptance.tenancy import KEY, OPERATIONS, OUTCOMES, Operation, expected_status
from tests.golden.exchanges import COMPACT, Exchange, read_exchanges, read_fixture

FIXTURE = read_fixture(COMPACT)
IDS = {name: image["id"] for name, image in FIXTURE["images"].items()}
EXCHANGES = read_exchanges(COMPACT)
# (who asked, which image of the fixture) and what that is in the table
PLAYED = {
    ("gold", "alt-private"): ("other", "private"),
    ("gold", "alt-community"): ("other", "community"),
    ("gold", "alt-public"): ("other", "public"),
    ("gold", "alt-shared"): ("member", "shared"),
    ("gold", "debian"): ("owner", "private"),
    ("gold", "meta"): ("owner", "private"),
    ("gold", "spare"): ("owner", "private"),
    ("gold", "hidden"): ("owner", "hidden"),
    ("gold", "protected"): ("owner", "protected"),
    ("alt", "alt-community"): ("owner", "community"),
    ("admin", "alt-private"): ("admin", "private"),
    ("none", "debian"): ("none", "private"),
    ("none", "meta"): ("none", "private"),
}
ELSEWHERE = frozenset((300, 400, 406, 413, 415, 500))  # decided by something else than tenancy


def played() -> Iterator[tuple[Exchange, Operation, str, str]]:
    """Recordings that are an operation of the table: with the caller and image they stand for."""
    for exchange in EXCHANGES:
        for (user, image), (caller, kind) in PLAYED.items():
            for operation in OPERATIONS:
                target = operation.target(IDS[image]).replace(
                    KEY, "key1" if image == "meta" else KEY
                )
                asked = (exchange.token, exchange.method, exchange.path)
                if operation.needs != "L" and asked == (user, operation.method, target):
                    yield exchange, operation, caller, kind


CASES = [
    pytest.param(*case, id=case[0].name)
    for case in played()
    if case[0].status not in ELSEWHERE
    and "version" not in case[0].name
    and "limit exceeded" not in str(case[0].response_body)
    and "os_glance" not in str(case[0].body)
]


def test_most_operations_have_recordings() -> None:
    assert len({operation.name for _, operation, _, _ in played()}) >= 7


@pytest.mark.parametrize(("exchange", "operation", "caller", "image"), CASES)
def test_the_table_agrees_with_a_recording(
    exchange: Exchange, operation: Operation, caller: str, image: str
) -> None:
    assert expected_status(operation, caller, image) == exchange.status, str(exchange)


@pytest.mark.parametrize(("name", "user"), [("list", "gold"), ("detail", "gold")])
def test_the_table_lists_what_a_recording_lists(name: str, user: str) -> None:
    listing = next(exchange for exchange in EXCHANGES if exchange.name == name)
    listed = {image["id"] for image in listing.response_body["images"]}
    for (asking, image), place in PLAYED.items():
        if asking == user:
            assert ("L" in OUTCOMES[place]) == (IDS[image] in listed), image
