"""OPERATION_NAMES: the names of the operations of the Identity API, in logs and metrics."""

from inspect import iscoroutinefunction

from glimpse.identity_api.handlers.access_rules import AccessRuleHandlers
from glimpse.identity_api.handlers.application_credentials import ApplicationCredentialHandlers
from glimpse.identity_api.handlers.domains import DomainHandlers
from glimpse.identity_api.handlers.endpoints import EndpointHandlers
from glimpse.identity_api.handlers.grants import GrantHandlers
from glimpse.identity_api.handlers.groups import GroupHandlers
from glimpse.identity_api.handlers.implied_roles import ImpliedRoleHandlers
from glimpse.identity_api.handlers.project_tags import ProjectTagHandlers
from glimpse.identity_api.handlers.projects import ProjectHandlers
from glimpse.identity_api.handlers.regions import RegionHandlers
from glimpse.identity_api.handlers.role_assignments import RoleAssignmentHandlers
from glimpse.identity_api.handlers.roles import RoleHandlers
from glimpse.identity_api.handlers.services import ServiceHandlers
from glimpse.identity_api.handlers.token_scopes import TokenScopeHandlers
from glimpse.identity_api.handlers.tokens import TokenHandlers
from glimpse.identity_api.handlers.users import UserHandlers
from glimpse.identity_api.handlers.versions import VersionHandlers
from glimpse.identity_api.routes import operation_name
from glimpse.identity_api.unsupported_routes import UnsupportedHandlers

_HANDLERS = (
    AccessRuleHandlers,
    ApplicationCredentialHandlers,
    DomainHandlers,
    EndpointHandlers,
    GrantHandlers,
    GroupHandlers,
    ImpliedRoleHandlers,
    ProjectTagHandlers,
    ProjectHandlers,
    RegionHandlers,
    RoleAssignmentHandlers,
    RoleHandlers,
    ServiceHandlers,
    TokenScopeHandlers,
    TokenHandlers,
    UserHandlers,
    VersionHandlers,
    UnsupportedHandlers,
)

# Each public coroutine of these classes handles a route. An unknown path is ``identity.other``.
OPERATION_NAMES = frozenset(
    operation_name(handler)
    for handlers in _HANDLERS
    for name, handler in vars(handlers).items()
    if iscoroutinefunction(handler) and not name.startswith("_")
) | {operation_name(None)}
