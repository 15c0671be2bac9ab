"""Version discovery: the document with the versions of the Image API."""

import orjson

# 2.9 is the last version without stores and image caching, which this service does not have.
CURRENT = "2.9"
_SUPPORTED = ("2.7", "2.6", "2.5", "2.4", "2.3", "2.2", "2.1", "2.0")


def versions_document(endpoint: str) -> bytes:
    """Return the JSON document with the versions, which clients request first.

    `endpoint` is the API's URL without a version or a slash at its end, for the links.
    """
    links = [{"rel": "self", "href": f"{endpoint}/v2/"}]
    return orjson.dumps(
        {
            "versions": [
                {"id": f"v{number}", "status": status, "links": links}
                for number, status in [
                    (CURRENT, "CURRENT"),
                    *((number, "SUPPORTED") for number in _SUPPORTED),
                ]
            ]
        }
    )
