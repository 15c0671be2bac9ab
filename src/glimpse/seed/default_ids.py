"""Default ids and dates for the entries of a seed: the same at every start. Pure."""

import uuid
from datetime import UTC, datetime, timedelta

# The default date of the first image, and of all servers.
DEFAULT_DATE = "2026-01-01T00:00:00Z"
_NAMESPACE = uuid.UUID("5c9f6e0a-33c5-4d0f-9c3b-0a1e2f7d9b10")


def default_id(kind: str, *names: str) -> uuid.UUID:
    """Return the id of an entry for which the seed has no id.

    The same arguments always give the same id, also in another process. `kind` is the kind of
    entry, such as ``user``. `names` distinguish the entry from others of that kind.
    """
    return uuid.uuid5(_NAMESPACE, "/".join((kind, *names)))


def date_after(first: str, seconds: int) -> str:
    """Return the date `seconds` after `first`. Both are UTC: ``2026-01-01T00:00:00Z``."""
    moment = datetime.fromisoformat(first) + timedelta(seconds=seconds)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
