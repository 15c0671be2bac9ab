"""A run compares, and sends a request again that a locked database has made fail."""

from dataclasses import dataclass, field
from typing import cast

from tests.differential.api_request import ApiRequest, Scenario, image_call
from tests.differential.clouds import CloudSide, DifferentialClouds
from tests.differential.differential_run import DifferentialRun
from tests.support.http import Response


@dataclass
class Side:
    """Responds with one status code after another, and repeats the last one."""

    statuses: list[int]
    image_url: str = "http://image"
    identity_url: str = "http://identity"
    compute_url: str = "http://compute"
    values: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def send(self, _: ApiRequest) -> Response:
        status = self.statuses[min(self.sent, len(self.statuses) - 1)]
        self.sent += 1
        return Response(status, (), b"")


def run(real: Side, embedded: Side, scenarios: int = 1) -> DifferentialRun:
    clouds = DifferentialClouds(*cast("tuple[CloudSide, CloudSide]", (real, embedded)))
    found = DifferentialRun(clouds, [])
    for number in range(scenarios):
        found.run(Scenario(f"one-{number}", [image_call("GET", "/images")]))
    return found


def test_failure_of_only_the_real_service_is_no_difference_if_it_does_not_recur() -> None:
    real, embedded = Side([500, 503, 200]), Side([200])
    found = run(real, embedded)
    assert (found.failures, found.repeated, real.sent, embedded.sent) == ([], 2, 3, 1)


def test_failure_of_the_real_service_that_recurs_is_a_difference() -> None:
    found = run(Side([500]), Side([200]))
    assert [each.mismatches[0].real for each in found.failures] == ["500"]


def test_request_is_not_sent_again_if_both_services_fail() -> None:
    real = Side([500])
    assert run(real, Side([400])).repeated == 0
    assert real.sent == 1


def test_number_of_repeated_requests_of_a_run_is_bounded() -> None:
    found = run(Side([500]), Side([200]), scenarios=100)
    assert found.repeated == 50
    assert len(found.failures) == 100
