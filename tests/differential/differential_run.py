"""DifferentialRun: sends scenarios to both clouds, and collects the mismatches."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tests.differential.api_request import ApiRequest, Scenario
from tests.differential.clouds import CloudSide, DifferentialClouds, ResponsePair
from tests.differential.comparison import Mismatch, Names, compare
from tests.differential.intended_differences import IntendedDifference

_READING = ("GET", "HEAD", "OPTIONS")
_ATTEMPTS = 3  # SQLite refuses a transaction that read before another one wrote
_MOST_REPEATED = 50  # requests of a run; so many locks are more than a coincidence
_SHORTEST_VALUE = 12  # characters: a shorter value could be a part of any text


class Failure(NamedTuple):
    """Mismatches of one request that are not intended."""

    scenario: str
    request: ApiRequest
    responses: ResponsePair
    mismatches: list[Mismatch]

    def __str__(self) -> str:
        lines = [f"scenario {self.scenario}", str(self.request)]
        lines += [f"  {each.aspect}: {each.real} | {each.embedded}" for each in self.mismatches]
        real, embedded = self.responses
        return "\n".join([*lines, "the real one:", str(real), "the embedded one:", str(embedded)])


class DifferentialRun:
    """A run over scenarios; `failures`, `sent`, `skipped` and `repeated` are its results."""

    def __init__(self, clouds: DifferentialClouds, intended: Iterable[IntendedDifference]) -> None:
        self.failures: list[Failure] = []
        self.sent = 0  # requests to each cloud
        self.skipped = 0  # requests after one that changed the state of only one cloud
        self.repeated = 0  # requests that were sent to a real service again
        self.statuses: Counter[int] = Counter()  # of the real services
        self._clouds = clouds
        self._intended = list(intended)
        self._seen: set[int] = set()

    def run(self, scenario: Scenario) -> None:
        """Send the requests of a scenario, until one prevents the comparison of those after it.

        It does so if only one cloud has changed its state, or if it should save a value and fails.
        """
        self._clouds.begin_scenario()
        for number, request in enumerate(scenario.requests, 1):
            responses = self._send(request)
            self.sent += 1
            self.statuses[responses.real.status] += 1
            mismatches = self._unintended(request, responses)
            if mismatches:
                self.failures.append(Failure(scenario.name, request, responses, mismatches))
            succeeded = [response.status < 300 for response in responses]
            if succeeded[0] != succeeded[1] and request.method not in _READING:
                self.skipped += len(scenario.requests) - number
                return
            if request.saves and not all(succeeded):
                return

    def unseen(self) -> list[IntendedDifference]:
        """Return the intended differences that no response has shown."""
        return [each for number, each in enumerate(self._intended) if number not in self._seen]

    def _send(self, request: ApiRequest) -> ResponsePair:
        """Send a request to both; and to the real service again if it fails, and ours succeeds.

        Glance can respond 500 if one of its tasks writes to its SQLite database meanwhile (see
        `PeerCloud.start`). A failure that has another cause happens again.
        """
        responses = self._clouds.send(request)
        for _ in range(1, _ATTEMPTS):
            real, embedded = responses
            if real.status < 500 or embedded.status >= 400 or self.repeated >= _MOST_REPEATED:
                break
            self.repeated += 1
            responses = ResponsePair(self._clouds.real.send(request), embedded)
        return responses

    def _unintended(self, request: ApiRequest, responses: ResponsePair) -> list[Mismatch]:
        real, embedded = (
            (response, _names(side)) for response, side in zip(responses, self._clouds, strict=True)
        )
        return [
            each
            for each in compare(request, real, embedded)
            if not self._is_intended(request, each, responses.embedded.body)
        ]

    def _is_intended(self, request: ApiRequest, mismatch: Mismatch, body: bytes) -> bool:
        matching = {
            number
            for number, each in enumerate(self._intended)
            if each.describes(request, mismatch, body)
        }
        self._seen |= matching
        return bool(matching)


def _names(side: CloudSide) -> Names:
    """Return the names of a cloud's values; a value comes before one that is a part of it."""
    urls = {side.image_url: "<image>", side.identity_url: "<identity>"}
    urls |= {side.compute_url: "<compute>"}
    values = {
        value: f"<{name}>"
        for name, value in {**side.values, **side.saved}.items()
        if len(value) >= _SHORTEST_VALUE
    }
    both = {**values, **urls}
    return Names({value: both[value] for value in sorted(both, key=len, reverse=True)})
