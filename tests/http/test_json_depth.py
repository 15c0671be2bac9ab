"""The nesting of JSON documents is limited."""

import pytest

from glimpse.http.json_depth import MAX_DEPTH, is_too_deep


def nested(depth: int) -> object:
    document: object = "x"
    for level in range(depth):
        document = [document, 1] if level % 2 else {"a": document, "b": 1}
    return document


@pytest.mark.parametrize("document", [None, "x", 1, [], {}, [[]] * 1000, nested(MAX_DEPTH)])
def test_usual_documents_are_not_too_deep(document: object) -> None:
    assert not is_too_deep(document)


def test_a_document_with_one_level_more_is_too_deep() -> None:
    assert is_too_deep(nested(MAX_DEPTH + 1))
