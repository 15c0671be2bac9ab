"""Bodies of createImage and of new servers: which are accepted; the faults of the rest."""

from typing import Any

import orjson
import pytest

from glimpse.compute.faults import Fault
from glimpse.compute.servers.bodies import (
    CreateImage,
    check_not_reserved,
    parse_create_image,
    parse_create_server,
)
from glimpse.servers.service import NewServer

IMAGE_ID = "7f1f2b5e-0f5f-4d4e-9a40-2f3b6a1d9c11"
DEEP = orjson.loads("[" * 1000 + "]" * 1000)


def create_image(name: Any = "snap", **more: Any) -> dict[str, Any]:
    return {"createImage": {"name": name, **more}}


def create_server(**changes: Any) -> dict[str, Any]:
    """Return the body of a new server; a change to None removes the attribute."""
    attributes = {"name": "web", "flavorRef": "m1.tiny", "imageRef": IMAGE_ID, **changes}
    return {"server": {key: value for key, value in attributes.items() if value is not None}}


def create_image_of(body: Any, _minor: int = 1, *, is_legacy: bool = False) -> CreateImage:
    return parse_create_image(body, is_legacy=is_legacy)


def server_of(body: Any, minor: int = 1, *, is_legacy: bool = False) -> NewServer:
    return parse_create_server(body, minor, is_legacy=is_legacy)


def fault(parse: Any, *arguments: Any, **options: Any) -> tuple[int, str]:
    with pytest.raises(Fault) as raised:
        parse(*arguments, **options)
    return raised.value.status, raised.value.message


@pytest.mark.parametrize("name", ["a", "a b", "₡", "\U0001f600", "a" * 255])
def test_a_snapshot_has_a_printable_name(name: str) -> None:
    assert create_image_of(create_image(name)).name == name


def test_a_snapshot_has_the_metadata_of_the_request() -> None:
    parsed = create_image_of(create_image(metadata={"os_distro": "debian", " a": "b"}))
    assert parsed.metadata == {"os_distro": "debian", "a": "b"}
    assert create_image_of(create_image()).metadata == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "Malformed request body"),
        ([], "Malformed request body"),
        ({}, "Malformed request body"),
        ({**create_image(), "os-start": None}, "Malformed request body"),
        ({"nosuch": {}}, "There is no such action: nosuch"),
        ({"createImage": None}, "Invalid input for field/attribute createImage. "),
        ({"createImage": {}}, "Invalid input for field/attribute createImage. 'name' is a req"),
        (create_image(foo=1), "Invalid input for field/attribute createImage. Additional prop"),
        (create_image(""), "Invalid input for field/attribute name. "),
        (create_image("a" * 256), "Invalid input for field/attribute name. "),
        (create_image(5), "Invalid input for field/attribute name. It must be a string."),
        (create_image(" a"), "An invalid 'name' value was provided. The name must be: printable"),
        (create_image("a\u00a0"), "An invalid 'name' value was provided. "),
        (create_image("a\tb"), "An invalid 'name' value was provided. "),
        (create_image("a\ud800"), "An invalid 'name' value was provided. "),
        (create_image(metadata=None), "Invalid input for field/attribute metadata. "),
        (create_image(metadata={"": "v"}), "Invalid input for field/attribute metadata. The key"),
        (create_image(metadata={"a": 1}), "Invalid input for field/attribute a. "),
        (create_image(metadata={"a": "v" * 256}), "Invalid input for field/attribute a. "),
        (create_image(metadata={"mappings": "{"}), "Invalid input for field/attribute mappings. "),
    ],
)
def test_an_invalid_action_is_a_bad_request(body: Any, message: str) -> None:
    status, text = fault(create_image_of, body)
    assert (status, text[: len(message)]) == (400, message)


def test_an_action_that_is_not_offered_is_not_implemented() -> None:
    assert fault(create_image_of, {"os-stop": None})[0] == 501


@pytest.mark.parametrize("key", ["status", "os_glance_importing_to_stores"])
def test_metadata_that_the_image_service_reserves_is_forbidden(key: str) -> None:
    assert fault(check_not_reserved, {"a": "b", key: "v"})[0] == 403


@pytest.mark.parametrize(("name", "kept"), [(" a ", "a"), ("a b\u00a0", "a b"), ("a", "a")])
def test_a_legacy_body_may_have_spaces_around_names_and_unknown_attributes(
    name: str, kept: str
) -> None:
    snapshot = parse_create_image(create_image(name, rotation="1"), is_legacy=True)
    assert snapshot.name == kept
    body = create_server(name=name, rotation="1", tags=["a"])
    server = parse_create_server(body, 1, is_legacy=True)
    assert (server.name, server.tags) == (kept, ())


@pytest.mark.parametrize("name", [" ", "", "a" * 256, "a\tb", "\ud800", 5])
def test_a_legacy_body_needs_a_printable_name(name: object) -> None:
    for parse, body in (
        (create_image_of, create_image(name)),
        (server_of, create_server(name=name)),
    ):
        assert fault(parse, body, 1, is_legacy=True)[0] == 400


def test_a_new_server_needs_a_name_a_flavor_and_an_image() -> None:
    parsed = server_of(create_server(metadata={"a": "b"}, key_name="key"), 1)
    assert (parsed.name, parsed.flavor_id, parsed.image_id) == ("web", "m1.tiny", IMAGE_ID)
    assert (parsed.metadata, parsed.key_name, parsed.tags) == ({"a": "b"}, "key", ())


def test_the_image_of_a_new_server_may_be_its_only_device() -> None:
    device = {"uuid": IMAGE_ID, "source_type": "image", "destination_type": "local"}
    body = create_server(imageRef=None, block_device_mapping_v2=[device])
    assert server_of(body).image_id == IMAGE_ID


def test_what_needs_a_machine_has_no_effect() -> None:
    body = create_server(networks="none", security_groups=[], user_data="eA==", adminPass="x")
    assert server_of(body, 37).name == "web"


def test_later_attributes_of_a_new_server_are_refused_before_their_microversion() -> None:
    body = create_server(networks="auto", description="text", tags=["a", "a", "b"])
    parsed = server_of(body, 52)
    assert (parsed.description, parsed.tags) == ("text", ("a", "b"))
    assert fault(server_of, body, 51)[0] == 400
    assert fault(server_of, create_server(description="text"), 18)[0] == 400


@pytest.mark.parametrize(
    ("body", "minor", "message"),
    [
        ({}, 1, "'server' is a required property"),
        ({"server": []}, 1, "Invalid input for field/attribute server. "),
        (create_server(name=None), 1, "Invalid input for field/attribute server. 'name' is a "),
        (create_server(flavorRef=None), 1, "Invalid input for field/attribute server. 'flavorRe"),
        (create_server(), 37, "Invalid input for field/attribute server. 'networks' is a requir"),
        (create_server(foo=1), 1, "Invalid input for field/attribute server. Additional propert"),
        (create_server(networks="all"), 1, "Invalid input for field/attribute networks. "),
        (create_server(imageRef=None), 1, "Missing imageRef attribute"),
        (create_server(imageRef=""), 1, "Missing imageRef attribute"),
        (create_server(imageRef="nosuch"), 1, "Invalid input for field/attribute imageRef. "),
        (create_server(imageRef=5), 1, "Invalid input for field/attribute imageRef. "),
        (create_server(flavorRef=""), 1, "Invalid input for field/attribute flavorRef. "),
        (create_server(flavorRef=True), 1, "Invalid input for field/attribute flavorRef. "),
        (create_server(min_count=[]), 1, "Invalid input for field/attribute min_count. "),
        (create_server(max_count=DEEP), 1, "Invalid input for field/attribute max_count. "),
        (create_server(min_count=0), 1, "Invalid input for field/attribute min_count. "),
        (create_server(key_name=5), 1, "Invalid input for field/attribute key_name. "),
        (create_server(key_name="\ud800"), 1, "Invalid input for field/attribute key_name. "),
        (create_server(block_device_mapping_v2=[5]), 1, "Invalid input for field/attribute block"),
        (create_server(networks=[], tags=["a,b"]), 52, "Invalid input for field/attribute tags. "),
        (create_server(networks=[], tags=["\ud800"]), 52, "Invalid input for field/attribute tag"),
    ],
)
def test_an_invalid_server_is_a_bad_request(body: Any, minor: int, message: str) -> None:
    status, text = fault(server_of, body, minor)
    assert (status, text[: len(message)]) == (400, message)


@pytest.mark.parametrize(
    "changes",
    [
        {"max_count": 2},
        {"block_device_mapping_v2": [{"source_type": "volume", "uuid": IMAGE_ID}]},
        {"block_device_mapping_v2": [{"source_type": "image", "destination_type": "volume"}]},
    ],
)
def test_several_servers_and_volumes_are_not_implemented(changes: dict[str, Any]) -> None:
    assert fault(server_of, create_server(**changes), 1)[0] == 501
