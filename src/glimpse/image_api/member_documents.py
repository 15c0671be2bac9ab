"""Parse and render the JSON documents of memberships. Pure."""

from collections.abc import Iterable

import orjson

from glimpse.embedded.catalog import Member
from glimpse.embedded.image_changes import check_text
from glimpse.image_api.image_schema import MAX_NAME
from glimpse.images.errors import Invalid


def parse_new_member(body: object) -> str:
    """Return the project id in the body of a request that adds a member: ``{"member": "id"}``.

    Other keys are ignored. Raises Invalid if the body is not an object, or if the id is missing or
    is not text of 1 to 255 characters. Raises Invalid if the id has a NUL character or a lone
    surrogate.
    """
    if not isinstance(body, dict):
        raise Invalid('The body must be a JSON object such as {"member": "project id"}.')
    if "member" not in body:
        raise Invalid("The body must have 'member', the id of the project to add.")
    member = body["member"]
    if not isinstance(member, str) or not 0 < len(member) <= MAX_NAME:
        raise Invalid(f"'member' must be a string of 1 to {MAX_NAME} characters.")
    check_text("member", member)
    return member


def parse_member_status(body: object) -> object:
    """Return the value of ``status`` in the body of a request that changes a membership.

    The value is not checked: `ImageMembers.set_status` checks it, after the permissions. Raises
    Invalid if the body is not an object or has no ``status``.
    """
    if not isinstance(body, dict):
        raise Invalid('The body must be a JSON object such as {"status": "accepted"}.')
    if "status" not in body:
        raise Invalid("The body must have 'status'.")
    status: object = body["status"]
    return status


def member_document(image_id: str, member: Member) -> bytes:
    """Return the document of ``GET /v2/images/{image_id}/members/{member_id}``."""
    return orjson.dumps(
        {
            "member_id": member.member_id,
            "image_id": image_id,
            "status": member.status,
            "created_at": member.created_at,
            "updated_at": member.updated_at,
            "schema": "/v2/schemas/member",
        }
    )


def members_document(image_id: str, members: Iterable[Member]) -> bytes:
    """Return the document of ``GET /v2/images/{image_id}/members``, in the order of `members`."""
    entries = [orjson.Fragment(member_document(image_id, member)) for member in members]
    return orjson.dumps({"members": entries, "schema": "/v2/schemas/members"})
