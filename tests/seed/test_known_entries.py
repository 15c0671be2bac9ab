"""References between entries of a seed: by id, or by name if only one entry has the name."""

import pytest

from tests.seed.test_parser import IMAGE_ID, parse, problems

OTHER_ID = "5b9a9f0e-7a0c-4b2e-9d5b-0f2f0d2f5d12"


def test_two_images_may_have_one_name_if_no_server_refers_to_it() -> None:
    seed = parse(
        f"""
        images: [{{name: disk, id: {IMAGE_ID}, owner: demo}}, {{name: disk, owner: demo}}]
        servers: [{{name: web, project: demo, user: demo, image: {IMAGE_ID}}}]
        """
    )
    assert [each.image.name for each in seed.images] == ["disk", "disk"]
    assert [each.image_id for each in seed.servers or ()] == [IMAGE_ID]


TWO_IMAGES = """
    images: [{name: disk, owner: demo}, {name: disk, owner: alt}]
    servers: [{name: web, project: demo, user: demo, image: disk}]
"""
AN_IMAGE_NAMED_AS_ANOTHERS_ID = f"""
    images: [{{name: {OTHER_ID}, id: {IMAGE_ID}, owner: demo}}, {{id: {OTHER_ID}, owner: demo}}]
    servers: [{{name: web, project: demo, user: demo, image: {OTHER_ID}}}]
"""
A_PROJECT_WITH_THE_NAME_OF_ONE_BEFORE_IT_AS_ID = """
    projects: [{name: red}, {name: blue, id: red}]
    images: [{owner: red}]
"""
A_PROJECT_WITH_THE_ID_OF_ONE_BEFORE_IT_AS_NAME = """
    projects: [{name: blue, id: red}, {name: red}]
    images: [{owner: red}]
"""
PROJECTS_OF_TWO_DOMAINS = """
    domains: [{name: Partners}]
    projects: [{name: red}, {name: blue, id: red, domain: Partners}]
    images: [{owner: null, members: [red]}]
"""
TWO_USERS = """
    projects: [{name: red}]
    users: [{name: ann, password: p}, {name: bob, id: ann, password: p}]
    application_credentials: [{name: ci, secret: s, user: ann, project: red}]
"""
TWO_DOMAINS = """
    domains: [{name: a}, {name: b, id: a}]
    projects: [{name: red, domain: a}]
"""


@pytest.mark.parametrize(
    ("text", "place", "kind"),
    [
        (TWO_IMAGES, "servers[0].image", "image"),
        (AN_IMAGE_NAMED_AS_ANOTHERS_ID, "servers[0].image", "image"),
        (A_PROJECT_WITH_THE_NAME_OF_ONE_BEFORE_IT_AS_ID, "images[0].owner", "project"),
        (A_PROJECT_WITH_THE_ID_OF_ONE_BEFORE_IT_AS_NAME, "images[0].owner", "project"),
        (PROJECTS_OF_TWO_DOMAINS, "images[0].members[0]", "project"),
        (TWO_USERS, "application_credentials[0].user", "user"),
        (TWO_DOMAINS, "projects[0].domain", "domain"),
    ],
)
def test_a_reference_to_several_entries_is_a_problem(text: str, place: str, kind: str) -> None:
    (found,) = problems(text)
    assert found.endswith(
        f", {place}: more than one {kind} has this name or id: write an id, or rename one."
    )


def test_a_project_of_the_users_own_domain_goes_before_one_of_the_domain_default() -> None:
    seed = parse(
        """
        domains: [{name: Partners}]
        projects: [{name: red, id: p-red}, {name: red, id: p-partners, domain: Partners}]
        users:
          - {name: ann, password: p, project: red}
          - {name: ann, password: p, domain: Partners, project: red}
        """
    )
    users = seed.identity["users"]
    assert [each["default_project_id"] for each in users] == ["p-red", "p-partners"]


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("users: [{name: ann, password: p, roles: {red: [], p-red: []}}]", "users[0].roles"),
        ("images: [{owner: red, members: {red: pending, p-red: accepted}}]", "images[0].members"),
    ],
)
def test_two_keys_for_one_project_are_a_problem(entry: str, place: str) -> None:
    found = problems(f"projects: [{{name: red, id: p-red}}]\n{entry}")
    assert found == [f"cloud.yaml, line 2, {place}.p-red: a key before it is the same project."]


@pytest.mark.parametrize("domain", ["Default", "Partners"])
@pytest.mark.parametrize("section", ["users", "projects"])
def test_two_users_or_projects_of_a_domain_have_different_names(section: str, domain: str) -> None:
    password = ", password: p" if section == "users" else ""
    entries = ", ".join(
        f"{{name: ann, id: {entry_id}, domain: {domain}{password}}}" for entry_id in ("a", "b")
    )
    assert problems(f"domains: [{{name: Partners}}]\n{section}: [{entries}]") == [
        f"cloud.yaml, line 2, {section}[1].name: a {section[:-1]} before it has this name."
    ]
