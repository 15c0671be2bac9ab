"""The table of tenancy agrees with the recorded exchanges of a real Compute.

The recordings lack callers that are pending members, and expired tokens.
"""

from collections.abc import Iterator

import pytest

from tests.acceptance.tenancy import KEY, OPERATIONS, OUTCOMES, Operation, expected_status
from tests.golden.exchanges import COMPACT, Exchange, read_exchanges, read_fixture

FIXTURE = read_fixture(COMPACT)
IDS = {name: image["id"] for name, image in FIXTURE["images"].items()}
EXCHANGES = read_exchanges(COMPACT)
# The user and the image of a recording: the caller and the kind of image in the table
RECORDED = {
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
OTHER_STATUSES = frozenset((300, 400, 406, 413, 415, 500))  # independent of tenancy


def recorded_operations() -> Iterator[tuple[Exchange, Operation, str, str]]:
    """Yield each recording of an operation in the table, with the caller and kind of image."""
    for exchange in EXCHANGES:
        for (user, image), (caller, kind) in RECORDED.items():
            for operation in OPERATIONS:
                target = operation.target(IDS[image]).replace(
                    KEY, "key1" if image == "meta" else KEY
                )
                requested = (exchange.token, exchange.method, exchange.path)
                if operation.needs != "L" and requested == (user, operation.method, target):
                    yield exchange, operation, caller, kind


CASES = [
    pytest.param(*case, id=case[0].name)
    for case in recorded_operations()
    if case[0].status not in OTHER_STATUSES
    and "version" not in case[0].name
    and "limit exceeded" not in str(case[0].response_body)
    and "os_glance" not in str(case[0].body)
]


def test_most_operations_have_recordings() -> None:
    assert len({operation.name for _, operation, _, _ in recorded_operations()}) >= 7


@pytest.mark.parametrize(("exchange", "operation", "caller", "image"), CASES)
def test_the_table_agrees_with_a_recording(
    exchange: Exchange, operation: Operation, caller: str, image: str
) -> None:
    assert expected_status(operation, caller, image) == exchange.status, str(exchange)


@pytest.mark.parametrize(("name", "user"), [("list", "gold"), ("detail", "gold")])
def test_the_table_lists_what_a_recording_lists(name: str, user: str) -> None:
    listing = next(exchange for exchange in EXCHANGES if exchange.name == name)
    listed = {image["id"] for image in listing.response_body["images"]}
    for (caller, image), outcome_key in RECORDED.items():
        if caller == user:
            assert ("L" in OUTCOMES[outcome_key]) == (IDS[image] in listed), image
