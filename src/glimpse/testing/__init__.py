"""Clouds for the tests of programs that use OpenStack's Image, Compute and Identity APIs.

``with cloud(seed="cloud.yaml") as started:`` starts a real Glimpse in a separate process, in less
than a second, and stops that process at the end. ``started`` is a `Cloud`. `glimpse.pytest_plugin`
has fixtures.
"""

from glimpse.testing.control_client import ControlFailed
from glimpse.testing.faults import Fault, Faults
from glimpse.testing.recorded_requests import RecordedRequest
from glimpse.testing.running_cloud import Cloud, cloud
from glimpse.testing.server_process import CloudNotStarted

__all__ = [
    "Cloud",
    "CloudNotStarted",
    "ControlFailed",
    "Fault",
    "Faults",
    "RecordedRequest",
    "cloud",
]
