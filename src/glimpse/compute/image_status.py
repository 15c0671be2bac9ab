"""Image statuses: convert them between the Image service and the Compute API."""

from typing import NamedTuple


class ComputeStatus(NamedTuple):
    """A status of the Compute API, such as ACTIVE, and the progress in percent shown with it."""

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
    """Return the Compute API's status and progress for a status of the Image service.

    Any status without a counterpart, such as ``importing``, becomes UNKNOWN with a progress of 0.
    """
    return _COMPUTE_STATUSES.get(status, _UNKNOWN)


def stored_statuses(status: str) -> tuple[str, ...]:
    """Return the Image service's statuses that the Compute API's filter by `status` finds.

    The first case that applies decides. Spaces at the end of `status` are ignored.

    - ``active``, ``saving`` and ``deleted``, all in lower case, each find only that status.
    - A status of the Compute API, in any case, finds all statuses that are shown as that status:
      ``SAVING`` and ``Saving`` find queued and saving, ``error`` finds killed.
    - Any other text finds the status with that name in lower case, whether or not it exists:
      ``Queued`` finds queued.
    """
    status = status.rstrip(" ")
    if status in _NAMED_AS_STORED:
        return (status,)
    name = status.upper()
    stored = tuple(each for each, shown in _COMPUTE_STATUSES.items() if shown.status == name)
    return stored or (status.lower(),)
