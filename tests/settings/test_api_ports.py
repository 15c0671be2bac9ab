"""Ports of APIs that are not served are dropped, and reported."""

from glimpse.settings.api_ports import drop_unused_ports


def test_ports_of_apis_that_are_not_served_are_dropped_from_a_copy() -> None:
    server = {"port": 1, "image_port": 2, "identity_port": 3}
    used, messages = drop_unused_ports(server, "glance", "embedded")
    assert used == {"port": 1, "image_port": None, "identity_port": 3}
    assert [each.split()[1] for each in messages] == ["image_port"]
    assert server == {"port": 1, "image_port": 2, "identity_port": 3}


def test_port_that_is_not_set_is_not_reported() -> None:
    server = {"port": 1, "image_port": None, "identity_port": None}
    assert drop_unused_ports(server, "glance", "keystone") == (server, [])
