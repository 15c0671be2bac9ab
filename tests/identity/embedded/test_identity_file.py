"""IdentityFile: what invalid content, and unreadable or unwritable files, mean for users."""

import errno
import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from glimpse.identity.embedded import identity_file as identity_file_module
from glimpse.identity.embedded import private_files
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.errors import ChangeNotSynced, IdentityFileUnavailable
from glimpse.identity.embedded.identity_document import OPTIONAL_SECTIONS, REQUIRED_SECTIONS
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_document_sections import section_of
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.private_files import DirectoryNotSynced, InvalidStateFile
from glimpse.telemetry.throttled_log import ThrottledErrorLog


@pytest.fixture(autouse=True)
def unthrottled_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget which errors other tests have logged in the last minute."""
    for name in ("_log_unreadable", "_log_unchanged", "_log_not_synced"):
        log = ThrottledErrorLog(logging.getLogger("identity_file"))
        monkeypatch.setattr(identity_file_module, name, log)


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
    with pytest.raises(IdentityFileUnavailable):
        identity_file.change(add_region)
    assert caplog.messages[1:] == [f"{problem}The change is not made: correct the file."]
    assert path.read_text() == edited
    with pytest.raises(InvalidStateFile, match=section):
        IdentityFile(path.parent)
    assert path.read_text() == edited


@pytest.mark.parametrize(
    ("function", "step"),
    [("locked", "locked"), ("read_private_file", "read"), ("write_private_file", "written")],
)
def test_failed_change_names_the_step_that_failed_and_changes_nothing(
    identity_file: IdentityFile,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    function: str,
    step: str,
) -> None:
    content, before = identity_file.path.read_bytes(), identity_file.current

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(identity_file_module, function, fail)
    with pytest.raises(IdentityFileUnavailable, match=rf"^The identity file cannot be {step}\.$"):
        identity_file.change(add_region)
    problem = f"{identity_file.path} cannot be {step}: Input/output error."
    assert caplog.messages == [f"{problem} The change is not made."]
    assert identity_file.path.read_bytes() == content
    assert identity_file.current is before


@pytest.mark.parametrize(
    "error",
    [
        InvalidStateFile("from the edit"),
        OSError(errno.EIO, "from the edit"),
        DirectoryNotSynced(errno.EIO, "from the edit"),
        ValueError("from the edit"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_of_an_edit_is_raised_as_it_is_and_changes_nothing(
    identity_file: IdentityFile, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    content, before = identity_file.path.read_bytes(), identity_file.current

    def edit(document: dict[str, Any], directory: Directory) -> None:
        add_region(document, directory)
        raise error

    with pytest.raises(type(error)) as raised:
        identity_file.change(edit)
    assert raised.value is error
    assert caplog.messages == []
    assert identity_file.path.read_bytes() == content
    assert identity_file.current is before
    identity_file.change(add_region)  # the lock has been released
    assert list(identity_file.current.regions) == ["R"]


def test_change_whose_directory_cannot_be_synced_is_made_and_reported(
    identity_file: IdentityFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(private_files, "sync_directory", fail)
    with pytest.raises(ChangeNotSynced, match="was made, but it may be lost in a crash"):
        identity_file.change(add_region)
    problem = f"{identity_file.path} has been changed, but its directory cannot be synced:"
    assert caplog.messages == [f"{problem} Input/output error. A crash may undo the change."]
    assert list(identity_file.current.regions) == ["R"]
    assert json.loads(identity_file.path.read_text())["regions"] == [{"id": "R"}]


def test_content_that_is_parsed_slowly_does_not_replace_newer_content(
    identity_file: IdentityFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_parsing, is_newer_in_use = threading.Event(), threading.Event()

    def parse_older_content_slowly(document: dict[str, Any]) -> Directory:
        directory = parse_directory(document)
        if set(directory.regions) == {"older"}:
            is_parsing.set()
            is_newer_in_use.wait(0.3)
        return directory

    monkeypatch.setattr(identity_file_module, "parse_directory", parse_older_content_slowly)

    def write(region_id: str) -> None:
        document = {**json.loads(identity_file.path.read_text()), "regions": [{"id": region_id}]}
        identity_file.path.write_text(json.dumps(document))

    write("older")
    older = threading.Thread(target=identity_file.refresh)
    older.start()
    assert is_parsing.wait(10)
    write("newer one")
    identity_file.refresh()
    is_newer_in_use.set()
    older.join()
    identity_file.refresh()
    assert set(identity_file.current.regions) == {"newer one"}
