"""IdentityFile: what invalid content, and files that cannot be read or written, do to users."""

import json
from pathlib import Path
from typing import Any

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity_document import OPTIONAL_SECTIONS, REQUIRED_SECTIONS
from glimpse.identity.embedded.identity_document_sections import section_of
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.private_files import InvalidStateFile
from glimpse.identity.service import IdentityUnavailable


@pytest.fixture
def identity_file(tmp_path: Path) -> IdentityFile:
    return IdentityFile(tmp_path)


def add_region(document: dict[str, Any], _: Directory) -> None:
    section_of(document, "regions").append({"id": "R"})


@pytest.mark.parametrize("section", [*REQUIRED_SECTIONS, *OPTIONAL_SECTIONS])
def test_section_that_becomes_an_object_changes_nothing_and_is_kept(
    identity_file: IdentityFile, caplog: pytest.LogCaptureFixture, section: str
) -> None:
    path, before = identity_file.path, identity_file.current
    document = json.loads(path.read_text())
    edited = json.dumps({**document, section: {each["id"]: each for each in document[section]}})
    path.write_text(edited)
    assert not identity_file.refresh()
    assert identity_file.current is before
    problem = f"{path} is invalid: {section}: has to be a list of objects. "
    assert caplog.messages == [f"{problem}Its last valid content stays in use: correct the file."]
    with pytest.raises(IdentityUnavailable):
        identity_file.change(add_region)
    assert caplog.messages[1:] == [f"{problem}The change is not made: correct the file."]
    assert path.read_text() == edited
    with pytest.raises(InvalidStateFile, match=section):
        IdentityFile(path.parent)
    assert path.read_text() == edited
