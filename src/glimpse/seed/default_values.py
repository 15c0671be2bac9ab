"""The ids and dates of what a seed names without them: the same at every start. Pure."""

import uuid
from datetime import UTC, datetime, timedelta

# Of the first image, and of servers.
DEFAULT_DATE = "2026-01-01T00:00:00Z"
_NAMESPACE = uuid.UUID("5c9f6e0a-33c5-4d0f-9c3b-0a1e2f7d9b10")


def default_id(kind: str, *names: str) -> uuid.UUID:
    """Return the id of an entry that has none in the seed: the same for the same arguments."""
    return uuid.uuid5(_NAMESPACE, "/".join((kind, *names)))


def date_after(first: str, seconds: int) -> str:
    """Return the date `seconds` after `first`. Both have the form of an image's dates."""
    moment = datetime.fromisoformat(first) + timedelta(seconds=seconds)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
