"""Hand-written Identity API scenarios: lists and single resources; methods and paths."""

from collections.abc import Iterator

from tests.differential.api_request import Scenario, identity_call, numbered
from tests.differential.base_images import CREW
from tests.differential.identity_requests import KINDS

_NAMED = (
    *("", "name=owner", "name=OWNER", "name=crew", "name=", "name=x", "name=owner&name=other"),
    *(
        "enabled=true",
        "enabled=false",
        "enabled=0",
        "enabled=x",
        "domain_id=default",
        "domain_id=x",
    ),
    *(
        "name__contains=own",
        "name__startswith=OW",
        "name__x=y",
        "name=owner&limit=1",
        "limit=x",
        "marker=x",
    ),
    *("sort_key=name", "x=y", "id=default"),
)
# Keystone compares all values of a repeated filter, but reads only the first of other parameters.
_REPEATED = (
    *("limit=1&limit=2", "limit=2&limit=1", "limit=1&limit=x", "limit=x&limit=1"),
    *(f"marker={CREW}&marker=x", f"marker=x&marker={CREW}"),
    *("enabled=true&enabled=x", "enabled=x&enabled=true", "enabled=true&enabled=false"),
    *(f"name=crew&name={'x' * 256}", f"name={'x' * 256}&name=crew"),
)
_REPEATED_TAGS = (
    *(
        f"{name}={value}"
        for name in ("tags", "tags-any", "not-tags", "not-tags-any")
        for value in ("a", "x", f"x&{name}=a", f"a&{name}=x")
    ),
    *("tags=a&tags-any=x", "tags=&tags=a", "not-tags=&not-tags=a"),
)
_QUERIES: dict[str, tuple[str, ...]] = {
    "projects": (*_NAMED, *_REPEATED, "parent_id=default", "is_domain=true", "tags=x"),
    "users": (*_NAMED, "default_project_id=x"),
    "roles": (
        "",
        "name=member",
        "name=MEMBER",
        "name=",
        "domain_id=x",
        "name__contains=mem",
        "x=y",
    ),
    "domains": ("", "name=Default", "name=default", "name=", "enabled=true", "enabled=x", "x=y"),
    "services": ("", "type=image", "type=x", "name=glance", "name=", "name__contains=gl", "x=y"),
    "endpoints": (
        *("", "interface=public", "interface=x", "service_id=x", "region_id=RegionOne", "x=y"),
        "region=x",
    ),
    "regions": (
        *("", "parent_region_id=x", "x=y", "limit=1", "marker=RegionOne", "limit=", "marker="),
        *("parent_region_id__contains=x", "parent_region_id=x&limit=1"),
    ),
    "groups": (
        "",
        "name=x",
        "name=",
        "domain_id=default",
        "domain_id=",
        "limit=1",
        "limit=x",
        "x=y",
    ),
}
_IDS = {"projects": CREW, "users": "<user:owner>", "roles": "<role:member>", "domains": "default"}
_PATHS = (
    *(
        f"/users/<user:{who}>/{kind}"
        for who in ("owner", "admin")
        for kind in ("projects", "groups")
    ),
    *(f"/users/<user:{who}>/application_credentials" for who in ("owner", "admin")),
    *("/users/<user:owner>/access_rules", "/users/<user:owner>/access_rules/x"),
    *("/users/nobody/projects", "/users/nobody/groups", "/users/<user:owner>/groups?name=x"),
    *("/auth/projects", "/limits/model", "/nothing"),
    *("/role_assignments?user.id=<user:owner>", f"/role_assignments?scope.project.id={CREW}"),
    "/role_assignments?user.id=<user:owner>&include_names",
    *(f"/role_assignments?effective&user.id=<user:{who}>" for who in ("owner", "admin")),
    "/role_assignments?user.id=<user:admin>&role.id=<role:admin>&include_names=1",
    *("/role_assignments?scope.system=all", "/role_assignments?scope.domain.id=default"),
    *("/role_assignments?user.id=x", "/role_assignments?user.id=x&group.id=y"),
    "/role_assignments?user.id=<user:owner>&effective&group.id=x",
    *(
        f"/projects/{CREW}?{each}"
        for each in (
            *("parents_as_list", "subtree_as_ids"),
            *("subtree_as_ids=0&subtree_as_ids=1", "subtree_as_ids=1&subtree_as_ids=0"),
        )
    ),
    "/role_assignments?user.id=<user:owner>&include_names=0&include_names=1",
    "/role_assignments?user.id=<user:owner>&include_names=1&include_names=0",
    *(
        f"/users/<user:owner>/application_credentials?{each}"
        for each in ("name=x&name=y", "limit=1")
    ),
    *(f"/projects/{CREW}/tags", f"/projects/{CREW}/users/<user:owner>/roles"),
    *("/role_inferences", "/roles/<role:admin>/implies", "/system/users/<user:admin>/roles"),
    *("/domains/default/users/<user:owner>/roles", "/projects/x/users/<user:owner>/roles"),
)
_LISTS_BY_TAGS = [
    identity_call("PUT", f"/projects/{CREW}/tags", {"tags": ["a", "b"]}),
    *(identity_call("GET", f"/projects?{query}") for query in _REPEATED_TAGS),
    identity_call("DELETE", f"/projects/{CREW}/tags"),
]


def reads() -> Iterator[Scenario]:
    """Yield lists and single resources by different callers."""
    rows = [
        [identity_call("GET", f"/{kind}?{query}")]
        for kind, queries in _QUERIES.items()
        for query in queries
    ]
    rows += [
        [identity_call("GET", path, None, user)]
        for kind in KINDS
        for user in ("owner", "none", "unscoped:owner", "system:admin", "domain:admin")
        for path in (f"/{kind}", f"/{kind}/{_IDS.get(kind, 'RegionOne')}", f"/{kind}/nothing")
    ]
    rows += [
        [identity_call("GET", path, None, user)]
        for path in _PATHS
        for user in ("admin", "owner", "none")
    ]
    yield from numbered("read", [*rows, _LISTS_BY_TAGS])


_NOT_OFFERED = (
    *(
        "/groups",
        "/groups/x",
        "/groups/x/users",
        "/groups/x/users/y",
        "/credentials",
        "/credentials/x",
    ),
    *("/OS-TRUST/trusts", "/OS-TRUST/trusts/x", "/OS-FEDERATION/identity_providers", "/ec2tokens"),
    *("/OS-FEDERATION/mappings", "/OS-OAUTH1/consumers", "/users/<user:owner>/credentials/OS-EC2"),
    *("/policies", "/policies/x", "/limits", "/limits/model", "/registered_limits", "/s3tokens"),
    *("/OS-EP-FILTER/endpoint_groups", "/OS-REVOKE/events", "/OS-SIMPLE-CERT/ca"),
    *("/domains/default/config", "/domains/config/default", "/domains/default/groups/x/roles"),
    "/OS-INHERIT/domains/default/users/x/roles/y/inherited_to_projects",
    *(f"/projects/{CREW}/tags", f"/projects/{CREW}/tags/x", f"/projects/{CREW}/groups/x/roles"),
)
_OFFERED = (
    *(
        "",
        "/",
        "/auth",
        "/auth/tokens",
        "/auth/projects",
        "/auth/catalog",
        "/auth/system",
        "/nothing",
    ),
    *(f"/{kind}" for kind in KINDS),
    *(f"/{kind}/x" for kind in KINDS),
    *("/users/x/projects", "/users/x/password", "/users/x/application_credentials"),
    *("/users/x/application_credentials/y", "/users/x/access_rules", "/role_assignments"),
)
_ROOTS = ("/", "/v2.0", "/v3", "/v3/", "/v3.0", "/v4", "/nothing", "/v2.0/tokens")


def methods() -> Iterator[Scenario]:
    """Yield methods and paths of the Identity API: those that it has, and others."""
    rows = [
        *(
            [identity_call(method, path)]
            for path in _OFFERED
            for method in ("PUT", "DELETE", "PURGE")
            if method != "DELETE" or not path.endswith("/RegionOne")
        ),
        *([identity_call("OPTIONS", path)] for path in _OFFERED[:6]),
        *([identity_call("GET", path, None, "none")] for path in _OFFERED),
        *(
            [identity_call(method, path, body)]
            for path in _NOT_OFFERED
            for method, body in (("GET", None), ("POST", {}), ("DELETE", None))
        ),
        *(
            [identity_call("GET", f"/{path}", None, user)]
            for path in _ROOTS
            for user in ("admin", "none")
        ),
        *([identity_call("GET", f"/{kind}?x=y", None, "none")] for kind in ("regions", "users")),
        [identity_call("GET", "/users?name=", None, "owner")],
        *([identity_call("GET", f"{path}/")] for path in ("/projects", f"/projects/{CREW}")),
    ]
    yield from numbered("identity-method", rows)
