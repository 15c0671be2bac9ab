"""Names of scenarios."""

from collections.abc import Iterable, Iterator, Sequence

from tests.differential.api_request import ApiRequest, Scenario


def numbered(group: str, rows: Iterable[Sequence[ApiRequest]]) -> Iterator[Scenario]:
    """Yield a scenario for each row of requests: ``GROUP-1`` and so on."""
    for number, requests in enumerate(rows, 1):
        yield Scenario(f"{group}-{number}", requests)
