"""The JSON schemas of a membership, and of a list of memberships."""

from typing import Any

from glimpse.embedded.image_members import MEMBER_STATUSES
from glimpse.image_api.image_schema import UUID_PATTERN

MEMBER_SCHEMA: dict[str, Any] = {
    "name": "member",
    "properties": {
        "member_id": {"type": "string", "description": "Id of the project that is a member"},
        "image_id": {
            "type": "string",
            "description": "Id of the image that is shared",
            "pattern": UUID_PATTERN,
        },
        "created_at": {"type": "string", "description": "When the project became a member"},
        "updated_at": {"type": "string", "description": "When the status was last changed"},
        "status": {
            "type": "string",
            "description": "Whether the project accepts the image",
            "enum": list(MEMBER_STATUSES),
        },
        "schema": {"readOnly": True, "type": "string"},
    },
}

MEMBERS_SCHEMA: dict[str, Any] = {
    "name": "members",
    "properties": {
        "members": {"type": "array", "items": MEMBER_SCHEMA},
        "schema": {"type": "string"},
    },
    "links": [{"rel": "describedby", "href": "{schema}"}],
}
