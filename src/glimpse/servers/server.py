"""Server: a server of Compute, with its flavor and its states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class State(NamedTuple):
    """The states of a server that Compute shows with one status, such as ACTIVE.

    `vm` is Compute's vm_state. `power` is the number of Compute's power_state. `task` is Compute's
    task_state; None if no task runs.
    """

    vm: str
    power: int
    task: str | None = None


_NO_STATE, _RUNNING, _PAUSED, _SHUT_DOWN, _SUSPENDED = 0, 1, 3, 4, 7
# The keys are the statuses in Compute's API reference, except DELETED and UNKNOWN.
STATES: Mapping[str, State] = {
    "ACTIVE": State("active", _RUNNING),
    "BUILD": State("building", _NO_STATE, "spawning"),
    "ERROR": State("error", _NO_STATE),
    "HARD_REBOOT": State("active", _RUNNING, "rebooting_hard"),
    "MIGRATING": State("active", _RUNNING, "migrating"),
    "PASSWORD": State("active", _RUNNING, "updating_password"),
    "PAUSED": State("paused", _PAUSED),
    "REBOOT": State("active", _RUNNING, "rebooting"),
    "REBUILD": State("active", _RUNNING, "rebuilding"),
    "RESCUE": State("rescued", _RUNNING),
    "RESIZE": State("active", _RUNNING, "resize_migrating"),
    "REVERT_RESIZE": State("resized", _RUNNING, "resize_reverting"),
    "SHELVED": State("shelved", _SHUT_DOWN),
    "SHELVED_OFFLOADED": State("shelved_offloaded", _SHUT_DOWN),
    "SHUTOFF": State("stopped", _SHUT_DOWN),
    "SOFT_DELETED": State("soft-delete", _RUNNING),
    "SUSPENDED": State("suspended", _SUSPENDED),
    "VERIFY_RESIZE": State("resized", _RUNNING),
}

SNAPSHOT_PENDING, SNAPSHOT_UPLOADING = "image_snapshot_pending", "image_uploading"  # task_states


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of servers: processors, memory in MiB, disk in GiB. The name is also the id."""

    name: str = "m1.tiny"
    vcpus: int = 1
    ram: int = 512
    disk: int = 1


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What snapshots of a server get from the server's image, flavor and creator.

    The values are those of the time when the server was made. The properties of a snapshot include
    `properties`. `min_ram` is in MiB, `min_disk` in GiB.
    """

    properties: Mapping[str, str] = field(default_factory=dict)
    min_ram: int = 0
    min_disk: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that is being made, with the id of its image.

    `task` is the task_state of the server while the snapshot is being made.
    """

    image_id: str
    task: str = SNAPSHOT_PENDING


@dataclass(frozen=True, slots=True)
class Server:
    """A server. `status` is a key of STATES. Dates are in UTC: ``2024-02-01T10:20:30Z``.

    ``image_id`` is the image that the server was made of; None if the server was booted from a
    volume. ``snapshot`` is the snapshot that is being made of the server; None if there is none.
    """

    id: str
    name: str
    project_id: str
    user_id: str
    image_id: str | None
    status: str
    created_at: str
    updated_at: str
    flavor: Flavor = Flavor()
    metadata: Mapping[str, str] = field(default_factory=dict)
    key_name: str | None = None
    description: str | None = None
    availability_zone: str = "nova"
    tags: tuple[str, ...] = ()
    inheritance: Inheritance = field(default_factory=Inheritance)
    snapshot: Snapshot | None = None

    @property
    def vm_state(self) -> str:
        """Compute's vm_state, such as ``stopped`` for the status SHUTOFF."""
        return STATES[self.status].vm

    @property
    def power_state(self) -> int:
        """Compute's number of the power state, such as 1 for running."""
        return STATES[self.status].power

    @property
    def task_state(self) -> str | None:
        """Compute's task_state, such as ``rebooting``; None if no task runs."""
        return self.snapshot.task if self.snapshot is not None else STATES[self.status].task
