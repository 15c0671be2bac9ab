"""The routes that Keystone 30 has and this Identity API does not have: they respond 501.

A response 404 would make a client believe that an object does not exist, or is deleted already.
"""

from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glimpse.identity_api.documents.errors import render_error
from glimpse.identity_api.responses import json_response

_READ = "GET HEAD"
_READ_OR_DELETE = "GET HEAD DELETE"
_CHANGE = "GET HEAD PATCH DELETE"
_ASSIGN = "GET HEAD PUT DELETE"
_FEDERATION = "/v3/OS-FEDERATION"
_PROVIDER = _FEDERATION + "/identity_providers/{idp_id}"
_TRUST = "/v3/OS-TRUST/trusts"
_TOKEN = "/v3/users/{user_id}/OS-OAUTH1/access_tokens"  # noqa: S105  a path
_ENDPOINTS = "/v3/OS-EP-FILTER"
_POLICY = "/v3/policies/{policy_id}"
_INHERIT = "/v3/OS-INHERIT"
_CONFIG = "/v3/domains/{domain_id}/config"
_DEFAULT_CONFIG = "/v3/domains/config"
_EC2 = "/v3/users/{user_id}/credentials/OS-EC2"

# By the name of the feature in the message: methods and path of each route of Keystone 30.
UNSUPPORTED_ROUTES: dict[str, tuple[tuple[str, str], ...]] = {
    "groups": (
        ("POST", "/v3/groups"),
        (_CHANGE, "/v3/groups/{group_id}"),
        (_READ, "/v3/groups/{group_id}/users"),
        (_ASSIGN, "/v3/groups/{group_id}/users/{user_id}"),
        (_READ, "/v3/domains/{domain_id}/groups/{group_id}/roles"),
        (_ASSIGN, "/v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}"),
        (_READ, "/v3/projects/{project_id}/groups/{group_id}/roles"),
        (_ASSIGN, "/v3/projects/{project_id}/groups/{group_id}/roles/{role_id}"),
        (_READ, "/v3/system/groups/{group_id}/roles"),
        (_ASSIGN, "/v3/system/groups/{group_id}/roles/{role_id}"),
    ),
    "inherited role assignments": tuple(
        (methods, f"{_INHERIT}/{target}/{role}/inherited_to_projects")
        for target in (
            "domains/{domain_id}/groups/{group_id}",
            "domains/{domain_id}/users/{user_id}",
            "projects/{project_id}/groups/{group_id}",
            "projects/{project_id}/users/{user_id}",
        )
        for methods, role in ((_ASSIGN, "roles/{role_id}"), (_READ, "roles"))
        if role != "roles" or target.startswith("domains")
    ),
    "trusts": (
        ("GET HEAD POST", _TRUST),
        (_READ_OR_DELETE, _TRUST + "/{trust_id}"),
        (_READ, _TRUST + "/{trust_id}/roles"),
        (_READ, _TRUST + "/{trust_id}/roles/{role_id}"),
    ),
    "federation": (
        (_READ, _FEDERATION + "/domains"),
        (_READ, _FEDERATION + "/projects"),
        (_READ, _FEDERATION + "/identity_providers"),
        ("GET HEAD PUT PATCH DELETE", _PROVIDER),
        (_READ, _PROVIDER + "/protocols"),
        ("GET HEAD PUT PATCH DELETE", _PROVIDER + "/protocols/{protocol_id}"),
        ("GET HEAD POST", _PROVIDER + "/protocols/{protocol_id}/auth"),
        (_READ, _FEDERATION + "/mappings"),
        ("GET HEAD PUT PATCH DELETE", _FEDERATION + "/mappings/{mapping_id}"),
        (_READ, _FEDERATION + "/saml2/metadata"),
        (_READ, _FEDERATION + "/service_providers"),
        ("GET HEAD PUT PATCH DELETE", _FEDERATION + "/service_providers/{service_provider_id}"),
        ("GET HEAD POST", "/v3/auth/OS-FEDERATION/websso/{protocol_id}"),
        (
            "GET HEAD POST",
            "/v3/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso",
        ),
        ("GET HEAD POST", "/v3/auth/OS-FEDERATION/saml2"),
        ("GET HEAD POST", "/v3/auth/OS-FEDERATION/saml2/ecp"),
    ),
    "OAuth": (
        ("GET HEAD POST", "/v3/OS-OAUTH1/consumers"),
        (_CHANGE, "/v3/OS-OAUTH1/consumers/{consumer_id}"),
        ("GET HEAD POST", "/v3/OS-OAUTH1/request_token"),
        ("GET HEAD PUT", "/v3/OS-OAUTH1/authorize/{request_token_id}"),
        ("GET HEAD POST", "/v3/OS-OAUTH1/access_token"),
        (_READ, _TOKEN),
        (_READ_OR_DELETE, _TOKEN + "/{access_token_id}"),
        (_READ, _TOKEN + "/{access_token_id}/roles"),
        (_READ, _TOKEN + "/{access_token_id}/roles/{role_id}"),
        ("POST", "/v3/OS-OAUTH2/token"),
    ),
    "EC2 credentials": (
        ("GET HEAD POST", _EC2),
        (_READ_OR_DELETE, _EC2 + "/{credential_id}"),
        ("GET HEAD POST", "/v3/ec2tokens"),
        ("GET HEAD POST", "/v3/s3tokens"),
    ),
    "credentials other than application credentials": (
        ("GET HEAD POST", "/v3/credentials"),
        (_CHANGE, "/v3/credentials/{credential_id}"),
    ),
    "limits": (
        ("GET HEAD POST", "/v3/limits"),
        (_READ, "/v3/limits/model"),
        (_CHANGE, "/v3/limits/{limit_id}"),
        ("GET HEAD POST", "/v3/registered_limits"),
        (_CHANGE, "/v3/registered_limits/{registered_limit_id}"),
    ),
    "policies": (
        ("GET HEAD POST", "/v3/policies"),
        (_CHANGE, _POLICY),
        (_READ, _POLICY + "/OS-ENDPOINT-POLICY/endpoints"),
        (_ASSIGN, _POLICY + "/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}"),
        (_ASSIGN, _POLICY + "/OS-ENDPOINT-POLICY/services/{service_id}"),
        (_ASSIGN, _POLICY + "/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}"),
        (_READ, "/v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy"),
    ),
    "endpoint filters": (
        ("GET HEAD POST", _ENDPOINTS + "/endpoint_groups"),
        (_CHANGE, _ENDPOINTS + "/endpoint_groups/{endpoint_group_id}"),
        (_READ, _ENDPOINTS + "/endpoint_groups/{endpoint_group_id}/endpoints"),
        (_READ, _ENDPOINTS + "/endpoint_groups/{endpoint_group_id}/projects"),
        (_ASSIGN, _ENDPOINTS + "/endpoint_groups/{endpoint_group_id}/projects/{project_id}"),
        (_READ, _ENDPOINTS + "/endpoints/{endpoint_id}/projects"),
        (_READ, _ENDPOINTS + "/projects/{project_id}/endpoint_groups"),
        (_READ, _ENDPOINTS + "/projects/{project_id}/endpoints"),
        (_ASSIGN, _ENDPOINTS + "/projects/{project_id}/endpoints/{endpoint_id}"),
    ),
    "configurations of domains": (
        (_READ, _DEFAULT_CONFIG + "/default"),
        (_READ, _DEFAULT_CONFIG + "/{group}/default"),
        (_READ, _DEFAULT_CONFIG + "/{group}/{option}/default"),
        ("GET HEAD PUT PATCH DELETE", _CONFIG),
        (_CHANGE, _CONFIG + "/{group}"),
        (_CHANGE, _CONFIG + "/{group}/{option}"),
    ),
    "revocation lists": (
        (_READ, "/v3/OS-REVOKE/events"),
        (_READ, "/v3/auth/tokens/OS-PKI/revoked"),
        ("DELETE", "/v3/users/{user_id}/tokens"),
    ),
    "certificates": (
        (_READ, "/v3/OS-SIMPLE-CERT/ca"),
        (_READ, "/v3/OS-SIMPLE-CERT/certificates"),
    ),
}


@cache
def unsupported_routes() -> tuple[Route, ...]:
    """Return the routes of UNSUPPORTED_ROUTES, which all respond 501. No token is needed.

    The routes are made only once, because making the routes takes 3 ms, and each reset of a cloud
    for tests needs the routes.
    """
    return tuple(
        Route(path, handlers.unsupported, methods=methods.split())
        for feature, routes in UNSUPPORTED_ROUTES.items()
        for handlers in [UnsupportedHandlers(feature)]
        for methods, path in routes
    )


class UnsupportedHandlers:
    """The handler of the routes of one feature that this Identity API does not have."""

    def __init__(self, feature: str) -> None:
        """Make the handler. `feature` completes ``Not supported by this Identity API: ...``."""
        self._message = f"Not supported by this Identity API: {feature}. Nothing was changed."

    async def unsupported(self, _: Request) -> Response:
        """Respond 501 with a message that names the feature."""
        return json_response(render_error(501, self._message), 501)
