"""find_meant_operation: finds the operation that a wrong pattern in a rule probably means."""

import difflib
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

_SYNONYMS = (
    ("show", "list", "get", "find", "read", "fetch"),
    ("create", "add", "new"),
    ("delete", "remove"),
    ("update", "set", "edit", "patch"),
)
# Names of operations in clients, in lower case and without underscores, and the names in rules.
_CLIENT_NAMES = {
    **dict.fromkeys(("login", "authenticate", "issuetoken", "createtoken"), "identity.issue"),
    **dict.fromkeys(("snapshot", "createsnapshot", "createserverimage"), "run_action"),
    **dict.fromkeys(("upload", "uploadimage"), "image.upload_data"),
    **dict.fromkeys(("download", "downloadimage"), "image.download_data"),
    **dict.fromkeys(("stage", "stageimage"), "image.stage_data"),
    "updatemember": "image.set_member_status",
    **dict.fromkeys(("import", "importimage"), "image.import_data"),
}
_SERVICES = {
    "glance": "image",
    "images": "image",
    "keystone": "identity",
    "nova": "",
    "compute": "",
}
_TYPING_ERROR = 0.9  # similarity of names that differ by one or two letters
_SNAPSHOT_ACTION = "createImage"  # Compute's name for the action that makes a snapshot
_SNAPSHOT = "run_action"


def find_meant_operation(pattern: str, operations: Collection[str]) -> str | None:
    """Return the operation or pattern that `pattern` probably means; None if none is found.

    `pattern` must be one that matches none of `operations`. These mistakes are found, in this
    order: one or two wrong letters, a wrong service or a synonym (``image.get_image``), a client's
    name (``upload_image``), other misspellings.
    """
    services = sorted({each.partition(".")[0] for each in operations if "." in each})
    patterns = [f"{each}.*" for each in services] if "*" in pattern else []
    misspelled = _find_similar(pattern, (*operations, *patterns), _TYPING_ERROR)
    return (
        misspelled
        or _find_synonym(pattern, operations, services)
        or _find_similar(pattern, (*operations, *patterns))
    )


def _find_synonym(pattern: str, operations: Collection[str], services: Sequence[str]) -> str | None:
    """Return the operation that `pattern` means; None if it has none of the known mistakes.

    The known mistakes are a synonym (``image.get_image`` -> ``image.show_image``), a client's name
    (``upload_image`` -> ``image.upload_data``), and a wrong or missing service
    (``glance.list_images`` -> ``image.list_images``). The result matches one of `operations`. Only
    ``createImage`` always becomes ``run_action``.

    `services` are the prefixes of names in `operations`, such as ``image``. If `pattern` has a
    ``*``, the result may have one, too, such as ``image.list_*``.
    """
    service, _, name = pattern.rpartition(".")
    if name == _SNAPSHOT_ACTION:
        return _SNAPSHOT
    service = _SERVICES.get(service, service)
    prefixes = [f"{service}."] if service in services else []
    prefixes += ["", *(f"{each}." for each in services)]
    for prefix in prefixes:
        for synonym in _synonyms(name):
            if any(fnmatchcase(each, prefix + synonym) for each in operations):
                return prefix + synonym
    meant = _CLIENT_NAMES.get(name.lower().replace("_", ""))
    return meant if meant in operations else None


def _find_similar(pattern: str, names: Sequence[str], similarity: float = 0.6) -> str | None:
    """Return the one of `names` that is most similar to `pattern`; ignore the case of letters.

    Returns None if no name has at least `similarity` (0 to 1, as in difflib).
    """
    by_lower_case = {name.lower(): name for name in sorted(names)}
    found = difflib.get_close_matches(pattern.lower(), by_lower_case, 1, similarity)
    return by_lower_case[found[0]] if found else None


def _synonyms(name: str) -> Iterator[str]:
    """Yield `name` and its synonyms (``get_image`` -> ``show_image``, ``list_image``).

    If `name` has no underscore, also yield names for images (``get`` -> ``show_image``). For ``*``,
    yield nothing.
    """
    if name == "*":  # the service is unknown
        return
    first, underscore, rest = name.partition("_")
    words = [first]
    for group in _SYNONYMS:
        if first in group:
            words += [word for word in group if word != first]
    for word in words:
        yield word + underscore + rest
    if not underscore:
        for word in words:
            yield f"{word}_image"
            yield f"{word}_images"
