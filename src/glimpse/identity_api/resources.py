"""Lists and shows roles. Only an admin may."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from glimpse.http.service_urls import ServiceUrls
from glimpse.identity.embedded.application_credentials import Forbidden, NotFound
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.session import Session
from glimpse.identity_api.documents.roles import render_role

Resource = dict[str, Any]  # the JSON object that a response has for a project, user, ...
Query = Iterable[tuple[str, str]]
_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))  # as oslo.utils reads a boolean


class RenderContext(NamedTuple):
    """What resources are rendered from: the users and projects, URLs, and the region.

    ``base_url`` is the URL at which the client reached the Identity API, ``service_urls`` has those
    of all APIs, ``region`` is the only region.
    """

    directory: Directory
    base_url: str
    service_urls: ServiceUrls
    region: str


class _ResourceKind(NamedTuple):
    """How to list a kind of resources, such as projects, and who may see them.

    ``singular`` is the kind's name in a response with one of them. ``list_all`` returns all
    resources of the kind. ``is_visible_to`` takes a caller's session and the id of a resource. It
    returns True if the caller may see the resource without being an admin. If ``is_listed_for_all``
    is True, every caller may list the kind; otherwise only admins may.
    """

    singular: str
    list_all: Callable[[RenderContext], list[Resource]]
    is_visible_to: Callable[[Session, str], bool] = lambda _session, _id: False
    is_listed_for_all: bool = False


def is_true(text: str) -> bool:
    """Return True for ``1``, ``t``, ``true``, ``on``, ``y`` and ``yes``, whatever their case."""
    return text.lower() in _TRUE


def list_resources(
    session: Session, kind: str, context: RenderContext, query: Query
) -> list[Resource]:
    """List the resources of a kind, a key of RESOURCE_KINDS, that match `query`.

    `query` has the parameters of the request. Each of them that is a key of a resource has to equal
    the resource's value. ``marker`` begins the list after the resource with that id. Others are
    ignored. Raises Forbidden unless the caller is an admin, or the kind is ``regions``.
    """
    if not (RESOURCE_KINDS[kind].is_listed_for_all or _is_admin(session)):
        raise _forbidden(f"list_{kind}")
    return _filter(RESOURCE_KINDS[kind].list_all(context), query)


def show_resource(
    session: Session, kind: str, context: RenderContext, resource_id: str
) -> Resource:
    """Return the resource with an id, of a kind that is a key of RESOURCE_KINDS.

    An admin may see all, other callers themselves, their project, its domain, and regions. Raises
    Forbidden if the caller may not see it, whether it exists or not. Raises NotFound if the caller
    may see it, but it does not exist.
    """
    singular, resources, is_visible_to, _ = RESOURCE_KINDS[kind]
    if not (is_visible_to(session, resource_id) or _is_admin(session)):
        raise _forbidden(f"get_{singular}")
    found = next(
        (resource for resource in resources(context) if resource["id"] == resource_id), None
    )
    if found is None:
        raise NotFound(f"Could not find {singular}: {resource_id}.")
    return found


def _filter(resources: list[Resource], query: Query) -> list[Resource]:
    """Return the resources whose values equal the parameters of the same names in `query`.

    For example, ``name=demo&enabled=true``; the case of a text counts. Of parameters with the same
    name, the last counts. With ``marker``, the id of one of the resources, returns only those after
    it. Any other marker and all other parameters are ignored, also ``limit``: a list is never
    paged, so a client that requests a next page, after the last id, gets an empty one.
    """
    parameters = dict(query)
    matching = [
        resource
        for resource in resources
        if all(_equals(resource[key], text) for key, text in parameters.items() if key in resource)
    ]
    ids = [resource["id"] for resource in matching]
    marker = parameters.get("marker")
    return matching[ids.index(marker) + 1 :] if marker in ids else matching


def _equals(value: object, text: str) -> bool:
    """Return True if the parameter `text` stands for `value`; a boolean is read by `is_true`."""
    if isinstance(value, bool):
        return value is is_true(text)
    return value == text


def _is_admin(session: Session) -> bool:
    return "admin" in session.role_names


def _forbidden(action: str) -> Forbidden:
    """Make the error for an action that Keystone's policy calls ``identity:{action}``."""
    text = f"You are not authorized to perform the requested action: identity:{action}."
    return Forbidden(text)


def _roles(context: RenderContext) -> list[Resource]:
    return [
        render_role(each, context.base_url)
        for each in context.directory.roles.values()
        if each.domain_id is None
    ]


RESOURCE_KINDS: dict[str, _ResourceKind] = {"roles": _ResourceKind("role", _roles)}
