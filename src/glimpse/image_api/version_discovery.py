"""Version discovery: the versions of the Image API, in documents and in paths."""

import orjson

CURRENT = "2.17"
# Every version that a Glance with stores and without an image cache has, in its order.
_VERSIONS = (
    *("2.15", "2.13", "2.12", "2.11", "2.10", "2.9", "2.8", CURRENT),
    *("2.7", "2.6", "2.5", "2.4", "2.3", "2.2", "2.1", "2.0"),
)
_SEGMENTS = frozenset(f"v{number}" for number in _VERSIONS)


def versions_document(endpoint: str) -> bytes:
    """Return the JSON document of the API's versions; the status of one of them is CURRENT.

    `endpoint` is the API's URL without a version and without a slash at the end. All versions have
    the link `endpoint` + ``/v2/``.
    """
    links = [{"rel": "self", "href": f"{endpoint}/v2/"}]
    return orjson.dumps(
        {
            "versions": [
                {
                    "id": f"v{number}",
                    "status": "CURRENT" if number == CURRENT else "SUPPORTED",
                    "links": links,
                }
                for number in _VERSIONS
            ]
        }
    )


def without_minor_version(path: str) -> str:
    """Replace a first segment such as ``/v2.17`` by ``/v2``; return other paths unchanged.

    Clients put the version that they discovered into the path. All versions are the same API.
    """
    first, slash, rest = path.removeprefix("/").partition("/")
    return f"/v2{slash}{rest}" if first in _SEGMENTS else path
