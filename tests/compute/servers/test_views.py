"""Documents of servers and flavors have the attributes of their microversion."""

import pytest

from glimpse.compute.servers.views import (
    AdminAttributes,
    basic_flavor_view,
    detail_view,
    flavor_view,
)
from glimpse.servers.server import SNAPSHOT_PENDING, STATES, Flavor, Inheritance, Snapshot
from tests.compute.requests import LINK_BASES
from tests.support.servers import make_server

SERVER = make_server(
    description="text",
    tags=("a",),
    inheritance=Inheritance({"os_distro": "debian", "hw_disk_bus": "scsi", "mine": "x"}),
)
USER, ADMIN = AdminAttributes(False, False), AdminAttributes(True, True)  # noqa: FBT003  by position
# As observed of a deployed Compute API: the attributes that each microversion adds.
ADDED = {
    9: {"locked"},
    19: {"description"},
    26: {"tags"},
    63: {"trusted_image_certificates"},
    71: {"server_groups"},
    73: {"locked_reason"},
    90: {"OS-EXT-SRV-ATTR:hostname"},
    96: {"pinned_availability_zone"},
    100: {"scheduler_hints"},
}


@pytest.mark.parametrize("minor", ADDED)
def test_a_microversion_adds_attributes(minor: int) -> None:
    before = detail_view(SERVER, LINK_BASES, minor - 1, USER)
    after = detail_view(SERVER, LINK_BASES, minor, USER)
    assert after.keys() - before.keys() == ADDED[minor]


def test_a_list_has_no_groups_of_servers() -> None:
    shown = detail_view(SERVER, LINK_BASES, 104, USER)
    listed = detail_view(SERVER, LINK_BASES, 104, USER, is_list=True)
    assert shown.keys() - listed.keys() == {"server_groups"}


@pytest.mark.parametrize(
    ("minor", "names"),
    [
        (1, {"host", "instance_name", "hypervisor_hostname"}),
        (
            3,
            {
                *("host", "instance_name", "hypervisor_hostname", "hostname", "kernel_id"),
                *("launch_index", "ramdisk_id", "reservation_id", "root_device_name", "user_data"),
            },
        ),
    ],
)
def test_an_admin_sees_the_host(minor: int, names: set[str]) -> None:
    seen = detail_view(SERVER, LINK_BASES, minor, ADMIN)
    hidden = detail_view(SERVER, LINK_BASES, minor, USER)
    assert seen.keys() - hidden.keys() == {f"OS-EXT-SRV-ATTR:{name}" for name in names}


def test_the_flavor_of_a_server_is_a_link_and_later_its_values() -> None:
    bookmark = {"rel": "bookmark", "href": "http://c/flavors/m1.tiny"}
    assert detail_view(SERVER, LINK_BASES, 46, USER)["flavor"] == {
        "id": "m1.tiny",
        "links": [bookmark],
    }
    assert detail_view(SERVER, LINK_BASES, 47, USER)["flavor"] == {
        "vcpus": 1,
        "ram": 512,
        "disk": 1,
        "ephemeral": 0,
        "swap": 0,
        "original_name": "m1.tiny",
        "extra_specs": {},
    }


def test_the_image_of_a_server_has_properties_that_compute_knows() -> None:
    assert "properties" not in detail_view(SERVER, LINK_BASES, 97, USER)["image"]
    image = detail_view(SERVER, LINK_BASES, 98, USER)["image"]
    assert image["properties"] == {"os_distro": "debian", "hw_disk_bus": "scsi"}


def test_a_server_that_was_booted_from_a_volume_has_no_image() -> None:
    server = make_server(image_id=None)
    assert detail_view(server, LINK_BASES, 104, USER)["image"] == ""


@pytest.mark.parametrize("status", STATES)
def test_only_some_statuses_have_a_progress(status: str) -> None:
    document = detail_view(make_server(status=status), LINK_BASES, 1, USER)
    progressing = {"ACTIVE", "BUILD", "MIGRATING", "REBUILD", "RESIZE", "VERIFY_RESIZE"}
    assert ("progress" in document) == (status in progressing)


def test_a_server_that_is_being_saved_stays_active() -> None:
    server = make_server(snapshot=Snapshot("an image"))
    document = detail_view(server, LINK_BASES, 1, USER)
    assert document["status"] == "ACTIVE"
    assert document["OS-EXT-STS:task_state"] == SNAPSHOT_PENDING


def test_flavors_change_with_microversions() -> None:
    flavor = Flavor("m 1", 2, 1024, 3)
    assert basic_flavor_view(flavor, LINK_BASES, 1) == {
        "id": "m 1",
        "name": "m 1",
        "links": [
            {"rel": "self", "href": "http://c/v2.1/flavors/m%201"},
            {"rel": "bookmark", "href": "http://c/flavors/m%201"},
        ],
    }
    assert basic_flavor_view(flavor, LINK_BASES, 55)["description"] is None
    first, last = (flavor_view(flavor, LINK_BASES, minor) for minor in (1, 104))
    assert (first["swap"], last["swap"]) == ("", 0)
    assert first.keys() - last.keys() == {"OS-FLV-DISABLED:disabled", "rxtx_factor"}
    assert last.keys() - first.keys() == {"description", "extra_specs"}
