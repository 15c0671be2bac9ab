"""Seeds are parsed whole, and every problem has its line, its path and what is expected."""

from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from glimpse.app.embedded_options import embedded_options
from glimpse.seed.default_ids import DEFAULT_DATE
from glimpse.seed.errors import InvalidSeed
from glimpse.seed.identity_section import USER_KEYS
from glimpse.seed.image_section import IMAGE_KEYS
from glimpse.seed.parser import SECTIONS, parse_seed
from glimpse.seed.seed import FileData, GeneratedData, ImageSeed, Seed
from glimpse.seed.server_section import SERVER_KEYS
from glimpse.servers.server import Flavor
from glimpse.settings import load_settings

IMAGE_ID = "5b9a9f0e-7a0c-4b2e-9d5b-0f2f0d2f5d11"
DIRECTORY = Path("/seeds")
FORMATS = embedded_options(load_settings()).image_formats


def parse(text: str) -> Seed:
    return parse_seed(dedent(text), "cloud.yaml", DIRECTORY, FORMATS, no_data_problem)


def no_data_problem(_: ImageSeed, /, *, is_valid: bool) -> None:
    """Find nothing wrong with any data: the files of these seeds do not exist."""
    del is_valid


def problems(text: str) -> list[str]:
    """Return the lines of the error that the seed in `text` causes."""
    with pytest.raises(InvalidSeed) as caught:
        parse(text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("text", ["", "{}", "# nothing\n", "images: []"])
def test_a_seed_without_users_has_those_of_a_new_state_directory(text: str) -> None:
    identity = parse(text).identity
    assert [each["name"] for each in identity["users"]] == ["admin", "demo", "alt"]
    assert [each["password"] for each in identity["users"]] == ["secret"] * 3


def test_ids_that_are_left_out_are_the_same_at_every_start() -> None:
    text = """
        projects: [{name: a}, {name: b}]
        users: [{name: u, password: p, roles: {a: [member]}}]
        images: [{name: i, owner: a}]
        servers: [{name: s, project: a, user: u, image: i}]
    """
    assert parse(text) == parse(text)
    first, second = parse(text).identity["projects"]
    assert first["id"] != second["id"]


def test_users_have_roles_by_the_names_or_ids_of_projects() -> None:
    identity = parse(
        """
        domains: [{name: Partners, id: partners}]
        projects: [{name: red, id: p-red}, {name: red, domain: Partners, id: p-other}]
        users:
          - {name: ann, password: 123, roles: {red: [member], p-other: [reader]}}
          - {name: bob, password: "x", domain: partners, project: red, roles: {red: [admin]}}
        """
    ).identity
    ann, bob = identity["users"]
    assert ann["password"] == "123"
    assert ann["roles"] == {"p-red": ["member"], "p-other": ["reader"]}
    assert bob["roles"] == {"p-other": ["admin"]}
    assert bob["default_project_id"] == "p-other"


def test_an_application_credential_has_access_rules_and_an_expiry() -> None:
    identity = parse(
        """
        application_credentials:
          - name: ci
            secret: s3cret
            user: demo
            project: demo
            roles: [reader]
            expires_at: 2030-01-01
            access_rules: [{service: image, method: GET, path: /v2/images}]
        """
    ).identity
    (credential,), (rule,) = identity["application_credentials"], identity["access_rules"]
    assert credential["secret"] == "s3cret"
    assert credential["expires_at"] == 1893456000
    assert credential["access_rules"] == [rule["id"]]
    assert (rule["method"], rule["path"]) == ("GET", "/v2/images")


def test_an_image_with_data_is_active_raw_and_bare() -> None:
    (seeded,) = parse(
        f"""
        images:
          - id: {IMAGE_ID.upper()}
            name: disk
            owner: demo
            tags: [b, a]
            properties: {{hw_disk_bus: virtio, count: 3, empty: ""}}
            members: {{alt: accepted}}
            data: {{size: 1 MiB}}
        """
    ).images
    image = seeded.image
    assert (image.id, image.status) == (IMAGE_ID, "active")
    assert (image.disk_format, image.container_format) == ("raw", "bare")
    assert image.tags == ["a", "b"]
    assert image.properties == {"hw_disk_bus": "virtio", "count": "3", "empty": ""}
    assert seeded.data == GeneratedData(2**20)
    assert list(seeded.members.values()) == ["accepted"]
    assert image.created_at == DEFAULT_DATE


def test_files_are_found_from_the_directory_of_the_seed() -> None:
    seeded = parse(
        """
        images:
          - {name: one, owner: null, data: {file: one.img}}
          - {name: two, owner: null, data: {file: /images/two.img}}
        """
    ).images
    assert [each.data for each in seeded] == [
        FileData(DIRECTORY / "one.img"),
        FileData(Path("/images/two.img")),
    ]
    assert seeded[0].image.created_at < seeded[1].image.created_at


def test_an_image_without_data_may_have_any_status_and_size() -> None:
    queued, active = parse(
        """
        images:
          - {owner: demo}
          - {owner: demo, status: active, size: 10 GiB, visibility: public}
        """
    ).images
    assert (queued.image.status, queued.image.name) == ("queued", None)
    assert (active.image.size, active.image.visibility) == (10 * 2**30, "public")


def test_a_server_names_project_user_and_image() -> None:
    servers = parse(
        f"""
        images: [{{name: disk, id: {IMAGE_ID}, owner: demo}}]
        servers:
          - name: web
            project: demo
            user: demo
            image: disk
            flavor: {{name: m1.small, ram: 2048}}
            metadata: {{role: web}}
            status: SHUTOFF
        """
    ).servers
    assert servers is not None
    (server,) = servers
    assert server.image_id == IMAGE_ID
    assert server.flavor == Flavor("m1.small", ram=2048)
    assert (server.status, server.metadata) == ("SHUTOFF", {"role": "web"})
    assert server.created_at == server.updated_at == DEFAULT_DATE


def test_all_problems_are_found_in_one_pass_in_the_order_of_their_lines() -> None:
    unknown = "the name or id of a project is expected; there are: blue, red."
    assert problems(
        """\
        projects:
          - {nam: red}
          - {name: blue, tags: red}
        users:
          - {name: ann, password: p, roles: {green: [member]}}
        images:
          - {name: disk, owner: blu, min_ram: -1}
        """
    ) == [
        "cloud.yaml, line 2, projects[0].nam: this key is unknown: did you mean name?",
        "cloud.yaml, line 3, projects[1].tags: a list is expected.",
        f"cloud.yaml, line 5, users[0].roles.green: {unknown}",
        "cloud.yaml, line 7, images[0].min_ram: an integer from 0 to 2147483647 is expected.",
        f"cloud.yaml, line 7, images[0].owner: {unknown}",
    ]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{owner: demo, data: {}}", "images[0].data: either file or size is expected."),
        ("{owner: demo, data: {size: 1 parsec}}", "images[0].data.size: a size up to"),
        ("{owner: demo, status: active}", "images[0]: data, or at least its size, is expected"),
        ("{owner: demo, data: {size: 1}, checksum: a}", "images[0].checksum: checksum follows"),
        ("{owner: demo, data: {size: 1}, status: queued}", "images[0].status: one of active, dea"),
        ("{owner: demo, data: {size: 1}, disk_format: vmdk}", "images[0].disk_format: data of a s"),
        ("{name: disk}", "images[0]: owner is missing: a project, or null for none."),
        ("{owner: demo, id: one}", "images[0].id: a UUID is expected."),
        ("{owner: demo, created_at: soon}", "images[0].created_at: a date and time in ISO 8601"),
        ("{owner: demo, protected: 1}", "images[0].protected: true or false is expected."),
        ("{owner: demo, properties: {size: 1}}", "images[0].properties.size: size is an attribute"),
        ("{owner: demo, properties: {os_glance: 1}}", "images[0].properties.os_glance: keys that"),
        ("{owner: demo, properties: {a: [1]}}", "images[0].properties.a: text is expected."),
        ("{owner: demo, visibility: public, members: [alt]}", "images[0].members: only shared"),
        ("{owner: demo, members: {alt: maybe}}", "images[0].members.alt: one of pending, accepted"),
        ('{owner: demo, name: "a\\0b"}', "images[0].name: text without NUL characters"),
        ("{owner: demo, name: a, name: b}", "images[0].name: this key is there twice."),
        ("{owner: demo, properties: {a: x, a: y}}", "images[0].properties.a: this key is there"),
        ("disk", "images[0]: a mapping of keys to values is expected."),
    ],
)
def test_an_invalid_image_is_refused(entry: str, problem: str) -> None:
    found = problems(f"images: [{entry}]")
    assert any(line.startswith(f"cloud.yaml, line 1, {problem}") for line in found), found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "line 1: a mapping of keys to values is expected."),
        ("imges: []", "line 1, imges: this key is unknown: did you mean images?"),
        ("images: [", "line 1: expected the node content, but found '<stream end>'."),
        ("users: [{name: a, password: b}]\nusers: []", "line 2, users: this key is there twice."),
        ("projects: [{name: a}, {name: a}]", "line 1, projects[1].name: a project before it has"),
        ("users: [{name: a, password: b, id: c}, {name: d, password: e, id: c}]", "line 1, users["),
        ("servers: [{name: s, project: demo, user: demo, image: x}]", "line 1, servers[0].image: "),
        ("servers: [{name: s, project: demo, user: demo, status: up}]", "line 1, servers[0].stat"),
        ("servers: [{name: s, project: demo}]", "line 1, servers[0]: user is missing."),
        ("images: &a [*a]", "line 1: an alias is inside of what it stands for."),
        ("[" * 2000, "line 1: it has too many levels."),
    ],
)
def test_an_invalid_seed_is_refused(text: str, problem: str) -> None:
    found = problems(text)
    assert any(line.startswith(f"cloud.yaml, {problem}") for line in found), found


def test_json_is_a_seed_too() -> None:
    (image,) = parse('{"images": [{"owner": "demo", "min_disk": 1}]}').images
    assert image.image.min_disk == 1


def test_the_documented_seed_has_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
    text = page.split("```yaml\n")[-1].split("```")[0]
    seed = parse(text)
    documents = yaml.safe_load(text)
    keys = {section: {key for entry in documents[section] for key in entry} for section in SECTIONS}
    assert len(seed.images) == 2
    assert keys["users"] == set(USER_KEYS)
    assert keys["images"] == set(IMAGE_KEYS)
    assert keys["servers"] == set(SERVER_KEYS)
