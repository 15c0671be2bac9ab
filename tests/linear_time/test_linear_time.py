"""Regular expressions and loops over text from outside take linear time."""

import ast
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import glimpse
from tests.linear_time.api_rows import API_ROWS
from tests.linear_time.http_rows import HTTP_ROWS
from tests.linear_time.upstream_rows import UPSTREAM_ROWS

ROWS = HTTP_ROWS | API_ROWS | UPSTREAM_ROWS

_SIZE = 2_000  # characters of the shorter text
_TIMES = 8
_MAX_RATIO = 4 * _TIMES  # a quadratic function takes 64 times as long
_NEGLIGIBLE = 0.002  # seconds; a time below it is short enough, whatever the ratio

# Regular expressions for text of Glimpse or of the operator, or for text of a fixed length.
NOT_MEASURED = {
    "http.mounted_apis:_REPEATED_SLASHES": "one character class, repeated",
    "compute.api:_REPEATED_SLASHES": "one character class, repeated",
    "image_api.validation:fullmatch": "a UUID: all of it has a fixed length",
    "identity_api.list_query:_UUID": "all of it has a fixed length",
    "embedded.sqlite.row_validation:_UUID": "all of it has a fixed length",
    "embedded.sqlite.row_validation:_TWO_DATES": "all of it has a fixed length",
    "bulk_load.image_documents:_PRINTED_DATE": "all of it has a fixed length",
    "glance_database.grants:_WRITES": "alternatives of fixed lengths, in grants of the database",
    "glance_database.postgresql:_PLACEHOLDER": "two characters, in statements of Glimpse",
    "telemetry.request_ids:_REQUEST_ID": "all of it has a fixed length",
    "telemetry.log_formatters:_NAME": "formats of the operator",
    "seed.reader:_SIZE": "values of the operator",
    "settings.options.bounds:_SIZE": "values of the operator",
    "settings.invalid_values:fullmatch": "messages about values of the operator",
    "settings.raw_options:_REFERENCE": "values of the operator",
    "settings.raw_options:_VARIABLE": "names of environment variables",
}


def ignoring_errors(function: Callable[[str], object]) -> Callable[[str], object]:
    """Return `function` without its errors: only its duration is of interest."""

    def call(text: str) -> object:
        try:
            return function(text)
        except (AttributeError, NameError):  # the row names a function that does not exist
            raise
        except Exception:  # noqa: BLE001  any other error is a result
            return None

    return call


def seconds(function: Callable[[str], object], text: str) -> float:
    """Return the shortest CPU time of three calls."""
    least = float("inf")
    for _ in range(3):
        began = time.thread_time()
        function(text)
        least = min(least, time.thread_time() - began)
    return least


@pytest.mark.parametrize("name", ROWS)
def test_eight_times_the_text_takes_about_eight_times_as_long(name: str) -> None:
    row = ROWS[name]
    function = ignoring_errors(row.function)
    for number, make in enumerate(row.texts):
        longer = seconds(function, make(_TIMES * _SIZE))
        if longer > _NEGLIGIBLE:
            shorter = seconds(function, make(_SIZE))
            times = longer / max(shorter, 1e-6)
            assert times < _MAX_RATIO, f"text {number} took {times:.0f} times as long"


def test_every_regular_expression_has_a_row() -> None:
    root = Path(glimpse.__file__).parent
    found: set[str] = set()
    for file in root.rglob("*.py"):
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        tree = ast.parse(file.read_text())
        found |= {f"{module}:{name}" for name in patterns(tree)}
    timed = {row.pattern for row in ROWS.values() if row.pattern}
    assert found - timed - NOT_MEASURED.keys() == set(), "add rows in tests/linear_time"
    assert timed | NOT_MEASURED.keys() <= found, "a regular expression does not exist any more"


def patterns(tree: ast.AST) -> set[str]:
    """Return the names of compiled regular expressions, and the functions of `re` called."""
    named: dict[ast.AST, str] = {}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for inner in ast.walk(node.value):
                named.setdefault(inner, ast.unparse(node.targets[0]))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re."):
            function = ast.unparse(node.func).removeprefix("re.")
            found.add(named.get(node, function) if function == "compile" else function)
    return found - {"escape"}
