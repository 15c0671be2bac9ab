"""identity.json: what Glimpse adds to it, and how it is parsed."""

from typing import Any

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity_document import (
    OPTIONAL_SECTIONS,
    REQUIRED_SECTIONS,
    complete_document,
    decode_document,
    encode_document,
    standard_document,
)
from glimpse.identity.embedded.identity_document_parser import parse_directory
from glimpse.identity.embedded.identity_entry_rendering import credential_entry
from glimpse.identity.embedded.password_hashes import MINIMAL, RECOMMENDED, check_password
from glimpse.identity.embedded.private_files import InvalidStateFile
from glimpse.identity.embedded.standard_roles import role_id_of


def parse(**sections: list[Any]) -> Directory:
    return parse_directory(complete_document(sections))


def test_standard_document_has_three_users_with_passwords_and_projects() -> None:
    directory = parse_directory(complete_document(standard_document()))
    for name in ("admin", "demo", "alt"):
        user = directory.user(name=name)
        assert user is not None
        assert user.password
        assert [project.name for project in directory.projects_of(user)] == [name]
    assert directory.invalid_entries == {}


def test_completing_a_complete_document_changes_nothing() -> None:
    document = complete_document(standard_document())
    assert complete_document(document) == document
    assert decode_document(encode_document(document)) == document


def test_secret_of_a_credential_is_replaced_by_its_hash() -> None:
    entry = {"name": "robot", "user": "demo", "project": "demo", "secret": "hidden"}
    document = complete_document({"application_credentials": [entry]})
    (completed,) = document["application_credentials"]
    assert "secret" not in completed
    assert check_password("hidden", None, completed["secret_hash"])


def test_hash_beside_a_password_is_removed() -> None:
    document = complete_document({"users": [{"name": "a", "password": "x", "password_hash": "y"}]})
    assert "password_hash" not in document["users"][0]


def test_hash_beside_a_password_of_null_is_kept() -> None:
    user = {"id": "u", "name": "demo", "password": None, "password_hash": "scrypt$..."}
    (completed,) = complete_document({"users": [user]})["users"]
    assert completed["password_hash"] == "scrypt$..."
    assert completed["password"] is None


def test_users_and_projects_are_found_by_id_and_by_name_in_any_case() -> None:
    directory = parse(
        projects=[{"id": "p", "name": "Gold"}],
        users=[{"id": "u", "name": "Demo", "password": "x", "roles": {"gold": ["member"]}}],
    )
    user, project = directory.user(name="dEMO"), directory.project(name="gOLD")
    assert user is directory.user(user_id="u")
    assert project is directory.project(project_id="p")
    assert user is not None
    assert user.roles == {"p": (role_id_of("member"),)}


def test_credential_is_written_as_it_is_parsed() -> None:
    entry = {"id": "c", "name": "robot", "user": "demo", "project": "demo", "secret": "x"}
    directory = parse(
        projects=[{"name": "demo"}],
        users=[{"name": "demo", "password": "x", "roles": {"demo": ["member"]}}],
        application_credentials=[entry],
    )
    credential = directory.application_credentials["c"]
    assert credential.roles == (role_id_of("member"), role_id_of("reader"))
    document = standard_document() | {
        "application_credentials": [credential_entry(credential, directory.roles)]
    }
    assert document["application_credentials"][0]["user"] == credential.user_id
    assert directory.slowest_secret_hash == RECOMMENDED
    assert directory.slowest_password_hash == MINIMAL


def test_invalid_entries_are_left_out_and_named() -> None:
    directory = parse(
        projects=[{"id": "p", "name": "good"}, {"id": "bad-project", "name": 5}, "nonsense"],
        users=[
            {"id": "u", "name": "good", "password": "x", "roles": {"gone": ["member"]}},
            {"id": "bad-user", "name": "b", "password": 5},
        ],
        application_credentials=[
            {"id": "c", "name": "c", "user": "gone", "project": "good", "secret_hash": "x"}
        ],
    )
    assert set(directory.projects) == {"p"}
    assert set(directory.users) == {"u"}
    assert directory.application_credentials == {}
    assert set(directory.invalid_entries) == {
        *("bad-project", "project 3 of the file", "bad-user", "u: roles in gone", "c")
    }


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[]", b"null"])
def test_content_that_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidStateFile):
        decode_document(content)


@pytest.mark.parametrize("content", [{"a": {"id": "u"}}, {}, "nonsense", "", 1, 0, True, False])
@pytest.mark.parametrize("section", [*REQUIRED_SECTIONS, *OPTIONAL_SECTIONS])
def test_section_that_is_no_list_is_refused(section: str, content: object) -> None:
    expected = f"^{section}: has to be a list of objects$"
    with pytest.raises(InvalidStateFile, match=expected):
        complete_document({section: content})
    with pytest.raises(InvalidStateFile, match=expected):
        parse_directory({**complete_document({}), section: content})


@pytest.mark.parametrize("section", REQUIRED_SECTIONS)
def test_missing_section_is_completed_and_refused_without_that(section: str) -> None:
    complete = complete_document({})
    for document in (
        {**complete, section: None},
        {key: complete[key] for key in complete if key != section},
    ):
        assert complete_document(document) == complete
        with pytest.raises(InvalidStateFile, match=f"^{section}: is missing$"):
            parse_directory(document)


@pytest.mark.parametrize("section", OPTIONAL_SECTIONS)
def test_optional_section_may_be_null(section: str) -> None:
    complete = complete_document({})
    assert parse_directory({**complete, section: None}).invalid_entries == {}
    assert complete_document({section: None}) == complete
