"""Finds the role assignments that a request for ``/v3/role_assignments`` asks for."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Assignment
from glimpse.identity.embedded.errors import BadRequest, NotFound
from glimpse.identity.embedded.projects import descendants
from glimpse.identity_api.attributes import ID
from glimpse.identity_api.requests import is_flag_set

_INHERITED = "scope.OS-INHERIT:inherited_to"


class AssignmentQuery(NamedTuple):
    """Which role assignments to list: those that match all ids of the query.

    An id of None matches every assignment. A ``group_id`` matches none, because there are no
    groups. The flags mean, if they are True:

    - ``is_system``: list only assignments on the system.
    - ``is_inherited``: leave out assignments in projects and domains, because they are never
      inherited. Assignments on the system are listed.
    - ``include_subtree``: also list assignments in projects below ``project_id``.
    - ``is_effective``: also list the roles that assigned roles imply. Leave out roles that belong
      to a domain, and all assignments on the system. Ignore ``is_system``, as Keystone does.
    """

    user_id: str | None = None
    group_id: str | None = None
    role_id: str | None = None
    project_id: str | None = None
    domain_id: str | None = None
    is_system: bool = False
    is_inherited: bool = False
    include_subtree: bool = False
    is_effective: bool = False


class FoundAssignment(NamedTuple):
    """A role assignment that matches a query.

    ``prior_role_id`` is None if the role is assigned directly. If the role is implied,
    ``prior_role_id`` is the id of the role that implies it directly.
    """

    assignment: Assignment
    prior_role_id: str | None = None


def parse_query(parameters: Mapping[str, str]) -> AssignmentQuery:
    """Make an AssignmentQuery from the parameters of a request, such as ``user.id``.

    Unknown parameters and an empty ``user.id`` are ignored. The parameter ``scope.system=all`` sets
    ``is_system``, and ``scope.OS-INHERIT:inherited_to=projects`` sets ``is_inherited``; other
    values do not. The parameter ``include_subtree`` sets ``include_subtree``, and ``effective``
    sets ``is_effective``, with any value except 0. Raises BadRequest in these cases:

    - The id of a role, group, project or domain is not 1 to 64 letters, digits and hyphens. The id
      of a user may be any text.
    - There is ``include_subtree``, even with the value 0, but no project.
    - Parameters exclude each other, such as a project and a domain (see `_check_exclusions`).
    """
    for name in ("role.id", "group.id", "scope.project.id", "scope.domain.id"):
        if name in parameters and not ID.is_valid(parameters[name]):
            raise BadRequest(f"{name} has to be {ID.meaning}.")
    if "include_subtree" in parameters and "scope.project.id" not in parameters:
        raise BadRequest("scope.project.id must be specified if include_subtree is also specified.")
    query = AssignmentQuery(
        user_id=parameters.get("user.id") or None,
        group_id=parameters.get("group.id"),
        role_id=parameters.get("role.id"),
        project_id=parameters.get("scope.project.id"),
        domain_id=parameters.get("scope.domain.id"),
        is_system=parameters.get("scope.system") == "all",
        is_inherited=parameters.get(_INHERITED) == "projects",
        include_subtree=is_flag_set(parameters, "include_subtree"),
        is_effective=is_flag_set(parameters, "effective"),
    )
    _check_exclusions(parameters, query)
    return query


def find_assignments(
    query: AssignmentQuery, directory: Directory
) -> Iterator[list[FoundAssignment]]:
    """Return an iterator over the assignments that match `query`, in lists.

    Each list has the assignments of one user in one scope, and may be empty. Each list takes little
    time, so that the caller can let other requests run between two lists.

    An unknown id matches nothing, with two exceptions. Raises NotFound, before the iteration:

    - for an unknown project if the query has ``is_effective`` or ``include_subtree``;
    - for an unknown user if the query has ``is_effective``.
    """
    needs_project = query.is_effective or query.include_subtree
    if needs_project and query.project_id and query.project_id not in directory.projects:
        raise NotFound(f"Could not find project: {query.project_id}.")
    if query.is_effective and query.user_id and query.user_id not in directory.users:
        raise NotFound(f"Could not find user: {query.user_id}.")
    project_ids = _project_ids(query, directory)
    return (
        _matching(assignments, query, project_ids, directory)
        for assignments in _assignments_by_scope(query, directory)
    )


def _check_exclusions(parameters: Mapping[str, str], query: AssignmentQuery) -> None:
    """Raise BadRequest for parameters that exclude each other.

    A query may not have

    - two of a project, a domain and the system (any ``scope.system`` that is not empty);
    - a group and a ``user.id``, even an empty one;
    - a group and ``effective``;
    - a domain, ``effective``, and inherited assignments.
    """
    if query.project_id and query.domain_id:
        raise BadRequest("Specify a domain or project, not both")
    has_system = bool(parameters.get("scope.system"))
    if has_system and query.domain_id:
        raise BadRequest("Specify system or domain, not both")
    if has_system and query.project_id:
        raise BadRequest("Specify system or project, not both")
    if "user.id" in parameters and query.group_id:
        raise BadRequest("Specify a user or group, not both")
    if query.is_effective and query.group_id:
        raise BadRequest(
            "Combining effective and group filter will always result in an empty list."
        )
    if query.is_effective and query.is_inherited and query.domain_id:
        raise BadRequest(
            "Combining effective, domain and inherited filters will always result in an empty list."
        )


def _assignments_by_scope(
    query: AssignmentQuery, directory: Directory
) -> Iterator[list[Assignment]]:
    """Yield a list of the assignments of each user in each scope.

    If `query` has a user, only the assignments of that user are yielded. Yields nothing for an
    unknown user, and for a query with a group, because there are no groups.
    """
    if query.group_id is not None:  # there are no groups
        return
    users = [directory.users.get(query.user_id)] if query.user_id else directory.users.values()
    for user in users:
        assignments = user.assignments if user else ()
        for _, found in itertools.groupby(assignments, lambda each: each.scope):
            yield list(found)


def _matching(
    assignments: Sequence[Assignment],
    query: AssignmentQuery,
    project_ids: Collection[str],
    directory: Directory,
) -> list[FoundAssignment]:
    """Return the assignments of one user in one scope that match `query`.

    `assignments` are all assignments of the user in the scope, at least one. If `query` is
    effective, the roles that the assigned roles imply are found, too. `project_ids` are the ids of
    the query's projects: empty if `query` names no project.
    """
    if not _is_scope_listed(assignments[0], query, project_ids):
        return []
    found = (
        _effective(assignments, directory)
        if query.is_effective
        else map(FoundAssignment, assignments)
    )
    return [each for each in found if query.role_id in (None, each.assignment.role_id)]


def _is_scope_listed(
    assignment: Assignment, query: AssignmentQuery, project_ids: Collection[str]
) -> bool:
    """Return True if the scope of `assignment` is one that `query` asks for.

    `project_ids` are the ids of the query's projects: empty if `query` names no project.
    """
    if (assignment.project_id or assignment.domain_id) is None:
        return not query.is_effective and not project_ids and not query.domain_id
    is_in_scope = not project_ids or assignment.project_id in project_ids
    is_in_domain = query.domain_id in (None, assignment.domain_id)
    has_scope = query.is_effective or not query.is_system
    return is_in_scope and is_in_domain and has_scope and not query.is_inherited


def _project_ids(query: AssignmentQuery, directory: Directory) -> set[str]:
    """Return the ids of the projects of `query`; empty if `query` has no project.

    With ``include_subtree``, the projects below the query's project are included.
    """
    if query.project_id is None:
        return set()
    project = directory.projects.get(query.project_id) if query.include_subtree else None
    below = descendants(project, directory) if project else ()
    return {query.project_id, *(each.id for each in below)}


def _effective(
    assignments: Iterable[Assignment], directory: Directory
) -> Iterator[FoundAssignment]:
    """Yield `assignments`, and one more for each role that an assigned role implies.

    An implied role may imply further roles, which are found, too. If several roles imply the same
    role, one assignment is yielded for each of the implying roles. A role that belongs to a domain
    or does not exist is left out, but the roles that it implies are not. `assignments` come first.
    """
    found: dict[FoundAssignment, None] = {}
    remaining = [FoundAssignment(each) for each in assignments]
    while remaining:
        each = remaining.pop(0)
        if each in found:
            continue
        found[each] = None
        role_id = each.assignment.role_id
        remaining += (
            FoundAssignment(each.assignment._replace(role_id=implied), role_id)
            for implied in directory.implied_roles.get(role_id, ())
        )
    for each in found:
        role = directory.roles.get(each.assignment.role_id)
        if role is not None and role.domain_id is None:
            yield each
