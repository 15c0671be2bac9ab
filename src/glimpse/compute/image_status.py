"""Image statuses: converts those of the Image service into those of the Compute API."""

from typing import NamedTuple


class ComputeStatus(NamedTuple):
    """A status of the Compute API, and the progress in percent that goes with it."""

    status: str
    progress: int


_UNKNOWN = ComputeStatus("UNKNOWN", 0)
_COMPUTE_STATUSES = {
    "active": ComputeStatus("ACTIVE", 100),
    "queued": ComputeStatus("SAVING", 25),
    "saving": ComputeStatus("SAVING", 50),
    "deleted": ComputeStatus("DELETED", 0),
    "pending_delete": ComputeStatus("DELETED", 0),
    "killed": ComputeStatus("ERROR", 0),
    "importing": _UNKNOWN,
    "uploading": _UNKNOWN,
    "deactivated": _UNKNOWN,
}
# Statuses of the Image service, in its own lower case, that a filter of the Compute API may name:
# ``status=saving`` finds images in status saving only, ``status=SAVING`` also those in queued.
_NAMED_AS_STORED = frozenset(("active", "saving", "deleted"))


def compute_status(status: str) -> ComputeStatus:
    """Return the status in the Compute API for a status of the Image service."""
    return _COMPUTE_STATUSES.get(status, _UNKNOWN)


def stored_statuses(status: str) -> tuple[str, ...]:
    """Return the statuses of the Image service that a filter by `status` matches.

    If `status` in upper case is a status of the Compute API, those are all statuses that are
    converted to it; otherwise `status` in lower case. Statuses of `_NAMED_AS_STORED` match only
    themselves. Spaces at the end are ignored, as in the Image service's database.
    """
    status = status.rstrip(" ")
    if status in _NAMED_AS_STORED:
        return (status,)
    name = status.upper()
    stored = tuple(each for each, shown in _COMPUTE_STATUSES.items() if shown.status == name)
    return stored or (status.lower(),)
