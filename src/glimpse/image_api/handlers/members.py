"""Handlers of members: the projects with which an image is shared.

Each handler raises Invalid for a malformed body, and the errors of the `ImageMembers` method that
the handler calls.
"""

from starlette.responses import Response

from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.member_documents import (
    member_document,
    members_document,
    parse_member_status,
    parse_new_member,
)
from glimpse.image_api.request_parsing import json_body
from glimpse.image_api.responses import json_response


def _member_id(request: ImageRequest) -> str:
    """Return the project id in the path, which may be any text."""
    text: str = request.http.path_params["member_id"]
    return text


async def list_members(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}/members``: the members that the caller may see.

    The oldest membership comes first. Raises ImageNotFound if there is no such image or the caller
    may not see the image. Raises Forbidden if the image is not shared or the caller may not list
    members. Raises Unavailable if the catalog cannot be read.
    """
    members = await request.service.members.list(request.caller, request.image_id)
    return json_response(members_document(request.image_id.lower(), members))


async def add_member(request: ImageRequest) -> Response:
    """``POST /v2/images/{image_id}/members``: 200; share an image with a project.

    Returns the document of the new membership, in status pending. Raises these errors:

    - RequestTooLarge, TooManyBodies or ClientDisconnect if `json_body` cannot read the body.
    - Invalid if the body is malformed.
    - ImageNotFound if there is no such image or the caller may not see the image.
    - Forbidden if the image is not shared, or if the caller may not add members.
    - QuotaExceeded if the image would have too many members.
    - Conflict if the project is already a member.
    - Unavailable if the catalog cannot be written.
    """
    member_id = parse_new_member(await json_body(request.http))
    member = await request.service.members.add(request.caller, request.image_id, member_id)
    return json_response(member_document(request.image_id.lower(), member))


async def show_member(request: ImageRequest) -> Response:
    """``GET /v2/images/{image_id}/members/{member_id}``: the document of a membership.

    Raises these errors:

    - ImageNotFound if there is no such image or the caller may not see the image.
    - NotFound if the image is not shared or the caller may not get members.
    - MemberNotFound if the project is no member or the caller may not see the membership.
    - Unavailable if the catalog cannot be read.
    """
    member = await request.service.members.get(
        request.caller, request.image_id, _member_id(request)
    )
    return json_response(member_document(request.image_id.lower(), member))


async def set_member_status(request: ImageRequest) -> Response:
    """``PUT /v2/images/{image_id}/members/{member_id}``: accept or reject a shared image.

    Returns the document of the changed membership. Raises these errors:

    - RequestTooLarge, TooManyBodies or ClientDisconnect if `json_body` cannot read the body.
    - Invalid for a malformed body or an unknown status.
    - ImageNotFound if there is no such image or the caller may not see the image.
    - MemberNotFound if the project is no member or the caller may not see the membership.
    - Forbidden if the image is not shared, or if the caller may not change the membership.
    - Unavailable if the catalog cannot be written.
    """
    status = parse_member_status(await json_body(request.http))
    member = await request.service.members.set_status(
        request.caller, request.image_id, _member_id(request), status
    )
    return json_response(member_document(request.image_id.lower(), member))


async def remove_member(request: ImageRequest) -> Response:
    """``DELETE /v2/images/{image_id}/members/{member_id}``: 204; end a membership.

    Raises ImageNotFound if there is no such image or the caller may not see the image. Raises
    MemberNotFound if the project is no member or the caller may not see the membership. Raises
    Forbidden if the image is not shared, or if the caller may not remove members. Raises
    Unavailable if the catalog cannot be written.
    """
    await request.service.members.remove(request.caller, request.image_id, _member_id(request))
    return Response(status_code=204)
