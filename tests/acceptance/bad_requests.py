"""Invalid bodies, headers and methods, for tests of all APIs."""

import json

BODIES = {
    "half an object": b'{"metadata": ',
    "another type": b'{"metadata": 5}',
    "a list": b'{"metadata": ["a"]}',
    "a value that is a list": b'{"metadata": {"a": ["b"]}}',
    "a lone surrogate": b'{"metadata": {"a": "\\ud800"}}',
    "a lone surrogate in a key": b'{"metadata": {"\\ud800": "a"}}',
    "NUL in a key": b'{"metadata": {"\\u0000": "a"}}',
    "a NUL byte": b"\x00",
    "not UTF-8": b'{"metadata": {"a": "\xff"}}',
    "UTF-16": '{"metadata": {"a": "b"}}'.encode("utf-16"),
    "more than a double": b'{"metadata": {"a": 1e999}}',
    "5,000 digits": b'{"metadata": {"a": ' + b"9" * 5000 + b"}}",
    "NaN": b'{"metadata": {"a": NaN}}',
    "a deep list": b"[" * 50_000 + b"]" * 50_000,
    "a deep value": b'{"metadata": {"a": ' + b"[" * 1000 + b"]" * 1000 + b"}}",
    "a deep value of an invalid key": b'{"metadata": {"": ' + b"[" * 1000 + b"]" * 1000 + b"}}",
    "a mapping that is half JSON": b'{"metadata": {"block_device_mapping": "[1,"}}',
    "a deep mapping": b'{"metadata": {"mappings": "' + b"[" * 40_000 + b'"}}',
    "too many items": json.dumps({"metadata": {f"k{n}": "v" for n in range(129)}}).encode(),
}
HEADERS = (
    ("X-Auth-Token", "x" * 60_000),
    ("X-Auth-Token", "\udcff"),
    ("OpenStack-API-Version", "compute 2." + "9" * 5000),
    ("OpenStack-API-Version", "\udcff"),
    ("X-OpenStack-Nova-API-Version", "2.٣"),
    ("Content-Type", "\udcff"),
    ("Content-Type", "image/png"),
)
ODD_METHODS = ("FOO", "get", "PROPFIND", "TRACE", "PATCH", "X" * 200)
