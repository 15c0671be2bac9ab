"""check_request: the checks between finding a request's route and calling the handler."""

from glimpse.compute.faults import Fault
from glimpse.compute.microversions import check_not_removed
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.request import Request
from glimpse.compute.request_parsing import check_query
from glimpse.compute.routes import Route


def check_request(route: Route, request: Request, policy: ComputePolicy) -> None:
    """Raise a fault for a request that may not reach its handler.

    The first fault that applies is raised:

    - 400 if the path has a project id that is not the caller's;
    - 404 if the operation was removed before the request's microversion, and the option
      `serve_removed` is not set;
    - 400 if the method is GET and the query is not UTF-8;
    - 403 if the route has a policy rule that the caller does not pass (see `ComputePolicy.check`).
    """
    caller, project_id = request.caller, request.project_id
    if project_id and project_id != caller.project_id:
        raise Fault(
            400,
            f"Malformed request URL: URL's project_id '{project_id}' doesn't match "
            f"Context's project_id '{caller.project_id}'",
        )
    if route.last_microversion and request.microversion and not request.options.serve_removed:
        check_not_removed(
            (route.method, route.path),
            route.last_microversion,
            request.microversion,
            route.successor,
        )
    if request.method == "GET":
        check_query(request.query_string)
    if route.policy_rule is not None:
        policy.check(caller, route.policy_rule)
