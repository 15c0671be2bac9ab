"""An update of an object may have the id of the object, but no other."""

from typing import Any

import pytest

from tests.identity_api.objects import Objects

NEW: dict[str, dict[str, Any]] = {
    "project": {"name": "new"},
    "role": {"name": "new"},
    "region": {"description": "new"},
    "service": {"type": "new"},
    "endpoint": {"interface": "public", "url": "http://new"},
    "user": {"name": "new"},
}


@pytest.mark.parametrize("kind", NEW)
def test_only_the_id_of_the_object_itself_is_accepted(objects: Objects, kind: str) -> None:
    values = NEW[kind]
    if kind == "endpoint":
        values = values | {"service_id": objects.create("service", type="new")["id"]}
    made = objects.create(kind, **values)
    for other in ("other", "", 1):
        assert objects.patch(kind, made["id"], id=other).status_code == 400
    assert objects.patch(kind, made["id"], id=made["id"]).status_code == 200
    # As in Keystone, null is no id, except for users.
    assert objects.patch(kind, made["id"], id=None).status_code == (400 if kind == "user" else 200)
    assert objects.show(kind, made["id"])["id"] == made["id"]
