"""The image of a snapshot has the properties that Compute gives it."""

import pytest

from glimpse.embedded.servers.snapshot_image import inheritance_of, new_snapshot, saved_properties
from glimpse.images import image_from_document
from glimpse.servers.server import Flavor, Inheritance
from tests.embedded.images import ADMIN, OWNER, document
from tests.support.servers import make_server


def test_a_server_passes_on_the_properties_of_its_image() -> None:
    base = image_from_document(
        document(
            min_ram=64,
            min_disk=2,
            os_distro="debian",
            long="x" * 300,
            bittorrent="x",
            img_signature="x",
            block_device_mapping="[]",
            os_glance_importing_to_stores="x",
        )
    )
    server = make_server(image_id=base.id, inheritance=Inheritance({"owner_user_name": "somebody"}))
    assert inheritance_of(server, base) == Inheritance(
        {
            "os_distro": "debian",
            "long": "x" * 255,
            "base_image_ref": base.id,
            "owner_user_name": "somebody",
        },
        64,
        2,
    )


def test_a_snapshot_needs_the_disk_of_the_flavor() -> None:
    server = make_server(flavor=Flavor(disk=20))
    assert inheritance_of(server, None).min_disk == 20
    assert inheritance_of(server, image_from_document(document(min_disk=30))).min_disk == 30


def test_a_snapshot_of_an_own_server_is_private() -> None:
    server = make_server(inheritance=Inheritance({"base_image_ref": "b"}, 64, 2))
    image = new_snapshot(OWNER, server, "i", "snap", {})
    assert (image.id, image.name, image.visibility) == ("i", "snap", "private")
    assert (image.min_ram, image.min_disk) == (64, 2)
    assert image.properties == {
        "base_image_ref": "b",
        "instance_uuid": server.id,
        "user_id": "u-owner",
        "image_type": "snapshot",
    }


def test_a_snapshot_that_an_admin_makes_is_shared() -> None:
    assert new_snapshot(ADMIN, make_server(), "i", "snap", {}).visibility == "shared"


def test_the_metadata_of_the_request_has_precedence() -> None:
    server = make_server(inheritance=Inheritance({"base_image_ref": "b"}))
    metadata = {"image_type": "mine", "base_image_ref": "mine"}
    image = new_snapshot(OWNER, server, "i", "snap", metadata)
    assert image.properties.items() >= metadata.items()


@pytest.mark.parametrize(
    "metadata",
    [{"kernel_id": ""}, {"ramdisk_id": "None"}, {"name": "x"}, {"min_ram": "5"}, {"image_id": "x"}],
)
def test_metadata_that_is_no_property_is_left_out(metadata: dict[str, str]) -> None:
    image = new_snapshot(OWNER, make_server(), "i", "snap", metadata)
    assert metadata.keys().isdisjoint(image.properties)


def test_a_saved_snapshot_says_whose_server_it_is_of() -> None:
    assert saved_properties(make_server())["owner_id"] == "owner"
