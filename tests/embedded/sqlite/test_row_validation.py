"""Row validation: which rows that another program has written can be shown."""

import logging
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from glimpse.embedded.sqlite.row_validation import is_valid_image, read_rows
from glimpse.images import image_from_document
from tests.embedded.images import document


def test_an_image_of_this_service_is_valid() -> None:
    assert is_valid_image(image_from_document(document(tags=["a"], os_type="linux")))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "no-uuid"},
        {"name": b"\xff"},
        {"size": 1e300},
        {"min_ram": None},
        {"created_at": "yesterday"},
        {"updated_at": "2024-02-01"},
        {"tags_json": "{}"},
        {"tags_json": "[1]"},
        {"properties_json": "["},
        {"properties_json": '{"a": 1}'},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_shown_is_logged_once(
    changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    image = image_from_document(document())._replace(**changes)
    with caplog.at_level(logging.ERROR):
        assert not is_valid_image(image)
        assert not is_valid_image(image)
    assert len(caplog.records) <= 1


def test_a_text_that_is_not_utf_8_is_read_as_bytes() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        statement = "SELECT CAST(X'FF' AS TEXT), 'text'"
        assert read_rows(connection, statement, (), sqlite3.Cursor.fetchall) == [(b"\xff", "text")]
        assert connection.text_factory is str
