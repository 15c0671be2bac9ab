"""Bodies that create resources of the Identity API; ``<n>`` makes a name unique."""

from typing import Any

from tests.differential.base_images import CREW

BODIES: dict[str, tuple[dict[str, Any], ...]] = {
    "project": (
        *({"name": "p<n>"}, {"name": "p<n>", "domain_id": "default", "description": "d"}),
        *({"name": "p<n>", "enabled": False}, {}, {"name": ""}, {"name": 1}, {"name": None}),
        *({"name": "x" * 65}, {"name": "x" * 63 + "é"}, {"name": "crew"}, {"name": " "}),
        *({"name": "p<n>", "enabled": "x"}, {"name": "p<n>", "domain_id": "x"}, {"id": "x" * 32}),
        *({"name": "p<n>", "parent_id": CREW}, {"name": "p<n>", "parent_id": "x"}),
        *(
            {"name": "p<n>", "x": "y"},
            {"name": "p<n>", "tags": ["a"]},
            {"name": "p<n>", "tags": ["a,b"]},
        ),
        *({"name": "p<n>", "is_domain": True}, {"name": "p<n>", "options": {}}),
        *({"name": "p<n>", "description": None}, {"name": "p<n>", "description": 1}),
    ),
    "user": (
        *({"name": "u<n>"}, {"name": "u<n>", "password": "p", "email": "a@b.example"}),
        *({"name": "u<n>", "enabled": False, "description": "d"}, {}, {"name": ""}, {"name": 1}),
        *({"name": "x" * 256}, {"name": "owner"}, {"name": "u<n>", "domain_id": "x"}),
        *(
            {"name": "u<n>", "enabled": "x"},
            {"name": "u<n>", "password": 1},
            {"name": "u<n>", "x": "y"},
        ),
        *(
            {"name": "u<n>", "default_project_id": CREW},
            {"name": "u<n>", "default_project_id": "x"},
        ),
        *(
            {"name": "u<n>", "options": {"lock_password": True}},
            {"name": "u<n>", "options": {"x": 1}},
        ),
        *({"name": "u<n>", "password": None}, {"name": "u<n>", "password": ""}),
    ),
    "role": (
        *({"name": "r<n>"}, {"name": "r<n>", "description": "d"}, {"name": "r<n>", "x": "y"}, {}),
        *({"name": ""}, {"name": 1}, {"name": "member"}, {"name": "r<n>", "domain_id": "default"}),
        *({"name": "r<n>", "domain_id": "x"}, {"name": "x" * 256}),
    ),
    "domain": (
        *(
            {"name": "d<n>"},
            {"name": "d<n>", "description": "d", "enabled": False},
            {},
            {"name": ""},
        ),
        *({"name": "Default"}, {"name": 1}, {"name": "x" * 65}, {"name": "d<n>", "x": "y"}),
        *({"name": "d<n>", "enabled": "x"}, {"name": "d<n>", "explicit_domain_id": "y" * 32}),
    ),
    "service": (
        *({"type": "t<n>", "name": "s"}, {"type": "t<n>"}, {}, {"type": ""}, {"type": 1}),
        *({"name": "x"}, {"type": "t<n>", "enabled": "x"}, {"type": "x" * 256}),
    ),
    "endpoint": (
        *({}, {"interface": "public", "url": "http://a.example", "service_id": "x"}),
        *({"interface": "x"}, {"interface": "public", "url": "http://a.example"}),
    ),
    "region": (
        *({"id": "r<n>"}, {"description": "d"}, {}, {"id": "RegionOne"}, {"id": ""}, {"id": 1}),
        *({"id": "r<n>", "parent_region_id": "x"}, {"id": "r<n>", "parent_region_id": "RegionOne"}),
    ),
}


def numbered_texts(body: dict[str, Any], number: str) -> dict[str, Any]:
    """Return a body with `number` in place of each ``<n>``."""
    return {
        key: value.replace("<n>", number) if isinstance(value, str) else value
        for key, value in body.items()
    }
