"""No file, function or summary of a docstring is longer than CONTRIBUTING allows."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_docs import ROOT

MAX_FILE = 300  # lines
MAX_FUNCTION = 40
MAX_SUMMARY = 88  # characters of a docstring's first line


def sources() -> Iterator[Path]:
    for folder in ("src", "tests", "bench"):
        yield from (ROOT / folder).rglob("*.py")


def test_files_are_short() -> None:
    lines = {str(file): file.read_text().count("\n") for file in sources()}
    assert {file: count for file, count in lines.items() if count > MAX_FILE} == {}


def test_functions_are_short() -> None:
    too_long = {}
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION:
                    too_long[f"{file}: {node.name}"] = lines
    assert too_long == {}


def test_first_lines_of_docstrings_are_short() -> None:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    too_long = {}
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text())):
            docstring = ast.get_docstring(node) if isinstance(node, documented) else None
            summary = (docstring or "").partition("\n")[0]
            if len(summary) > MAX_SUMMARY:
                too_long[f"{file}: {summary}"] = len(summary)
    assert too_long == {}
