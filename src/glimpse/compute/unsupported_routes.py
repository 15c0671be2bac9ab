"""Routes that Compute has and Glimpse does not: their response is 501.

A 404 would mislead a client. For example, a client that deletes a server would believe that the
server is gone.
"""

from glimpse.compute.faults import Fault
from glimpse.compute.request import Request
from glimpse.compute.responses import Response
from glimpse.compute.routes import Handler, Match, Route, split_project_id

# The first segments of paths in Compute's API reference and in nova-api.
_FIRST_SEGMENTS = (
    *("extensions", "flavors", "limits", "os-agents", "os-aggregates"),
    *("os-assisted-volume-snapshots", "os-availability-zone", "os-baremetal-nodes", "os-cells"),
    *("os-certificates", "os-cloudpipe", "os-console-auth-tokens", "os-fixed-ips"),
    *("os-floating-ip-dns", "os-floating-ip-pools", "os-floating-ips", "os-floating-ips-bulk"),
    *("os-fping", "os-hosts", "os-hypervisors", "os-instance_usage_audit_log", "os-keypairs"),
    *("os-migrations", "os-networks", "os-quota-class-sets", "os-quota-sets"),
    *("os-security-group-default-rules", "os-security-group-rules", "os-security-groups"),
    *("os-server-external-events", "os-server-groups", "os-services", "os-simple-tenant-usage"),
    *("os-snapshots", "os-tenant-networks", "os-volumes", "os-volumes_boot", "servers"),
)


def match_unsupported_route(version_root: str, path: str) -> Match | None:
    """Return a match whose handler raises a 501 fault; None if the response is to be 404.

    Call this function for a request that has no other route. `path` is below `version_root`, and
    may start with a project id. The next segment decides: there is a match if _FIRST_SEGMENTS has
    the segment, such as ``servers``. The rest of the path and the method do not matter. In the
    match, `resource_id` and `key` are "".
    """
    segments = path.split("/")[1:]
    project_id = ""
    if segments[0] not in _ROUTES:
        project_id, segments = split_project_id(segments)
    route = _ROUTES.get(segments[0].removesuffix("\n"))
    return Match(route, version_root, project_id, "", "") if route is not None else None


def _handler(segment: str) -> Handler:
    async def unsupported(_request: Request) -> Response:
        raise Fault(
            501, f"Not all of Compute is here: this request of /{segment} is not implemented."
        )

    return unsupported


_ROUTES = {segment: Route("*", f"/{segment}", _handler(segment)) for segment in _FIRST_SEGMENTS}
