"""AuthRequest: the parsed body of ``POST /v3/auth/tokens``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glimpse.identity import field_lengths
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, DOMAIN_NAME

METHODS = ("password", "token", "application_credential")
_OTHER_SCOPES = ("domain", "system", "OS-TRUST:trust")  # of Keystone; no user has a role in them


class BadRequest(ValueError):
    """The body or a parameter is invalid: 400. The message is for the client."""


@dataclass(frozen=True, slots=True)
class Reference:
    """How a request names a user, project or application credential: by id, or by name.

    ``is_in_known_domain`` is False if the request names another domain than Default. There is no
    other, so such a user or project does not exist.
    """

    id: str | None
    name: str | None
    is_in_known_domain: bool = True

    @property
    def has_valid_lengths(self) -> bool:
        """True if the id has at most 64 characters, and the name at most 255 (field_lengths)."""
        return len(self.id or "") <= field_lengths.ID and len(self.name or "") <= field_lengths.NAME


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """A request for a token: its authentication methods with their parameters, and its scope.

    The method password has the parameters ``user`` and ``password``. The method token has
    ``token``. The method application_credential has ``credential`` and ``secret``; if the
    credential is named without an id, ``user`` is its owner. If two methods name a ``user``, the
    one of the later method is used for both.

    The scope is ``project``, or unscoped if ``is_unscoped`` is True, or ``other_scope``, which is
    ``domain``, ``system`` or ``OS-TRUST:trust``. If the request has no scope, the new token has the
    project of the application credential, or none.
    """

    methods: tuple[str, ...]
    user: Reference | None = None
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    credential: Reference | None = None
    secret: str = field(default="", repr=False)
    project: Reference | None = None
    is_unscoped: bool = False
    other_scope: str | None = None

    @property
    def has_valid_lengths(self) -> bool:
        """True if no id, name, password or secret exceeds its maximum in field_lengths.

        Otherwise no login can succeed. The token has no maximum here.
        """
        return all(
            reference is None or reference.has_valid_lengths
            for reference in (self.user, self.credential, self.project)
        ) and all(
            len(secret.encode(errors="surrogatepass")) <= field_lengths.PASSWORD
            for secret in (self.password, self.secret)
        )


def parse_auth_request(document: object) -> AuthRequest:
    """Make an AuthRequest of `document`, the parsed JSON body.

    A method that is listed twice counts once. Raises BadRequest for a malformed body, or if the
    parameters of a listed method are missing. Login, not this function, refuses an empty list of
    methods, and a method that is not in METHODS: its name is kept, its parameters are ignored.
    """
    auth = _require_object(_require_object(document, "the body").get("auth"), "auth")
    identity = _require_object(auth.get("identity"), "auth.identity")
    methods = identity.get("methods")
    if not isinstance(methods, list) or not all(isinstance(each, str) for each in methods):
        raise BadRequest("auth.identity.methods has to be a list of strings.")
    values: dict[str, Any] = {}
    for method in dict.fromkeys(methods):
        if method in METHODS:
            parameters = _require_object(identity.get(method), f"auth.identity.{method}")
            values |= _PARSERS[method](parameters)
    return AuthRequest(
        methods=tuple(dict.fromkeys(methods)), **values, **_parse_scope(auth.get("scope"))
    )


def _parse_password(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields ``user`` and ``password`` of AuthRequest.

    A missing password is empty. Raises BadRequest if the user is not named, or for a wrong type.
    """
    user = _require_object(parameters.get("user"), "auth.identity.password.user")
    return {
        "user": _parse_reference(user, "auth.identity.password.user"),
        "password": _optional_text(user, "password", "auth.identity.password.user") or "",
    }


def _parse_token(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the field ``token`` of AuthRequest. Raises BadRequest if there is no such string."""
    token = _optional_text(parameters, "id", "auth.identity.token")
    if token is None:
        raise BadRequest("auth.identity.token.id is missing.")
    return {"token": token}


def _parse_application_credential(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields ``credential`` and ``secret`` of AuthRequest.

    For a credential that is named without an id, returns the field ``user``, too: its owner. A
    missing secret is empty. Raises BadRequest if the credential or that owner is not named, or for
    a wrong type.
    """
    path = "auth.identity.application_credential"
    values: dict[str, Any] = {
        "credential": Reference(
            _optional_text(parameters, "id", path), _optional_text(parameters, "name", path)
        ),
        "secret": _optional_text(parameters, "secret", path) or "",
    }
    if not parameters.get("id"):
        if not parameters.get("name"):
            raise BadRequest(f"{path} has to have an id or a name.")
        values["user"] = _parse_reference(
            _require_object(parameters.get("user"), f"{path}.user"), f"{path}.user"
        )
    return values


# By authentication method. Each takes the parameters of the method in the body.
_PARSERS = {
    "password": _parse_password,
    "token": _parse_token,
    "application_credential": _parse_application_credential,
}


def _parse_scope(scope: object) -> dict[str, Any]:
    """Return the field of AuthRequest for `scope`: is_unscoped, project or other_scope.

    Returns no field if `scope` is None. Raises BadRequest if it names none of these.
    """
    if scope is None:
        return {}
    if scope == "unscoped":
        return {"is_unscoped": True}
    parameters = _require_object(scope, "auth.scope")
    if "unscoped" in parameters:  # keystoneauth1 of 2016 sends {"unscoped": {}}
        return {"is_unscoped": True}
    if "project" in parameters:
        project = _require_object(parameters["project"], "auth.scope.project")
        return {"project": _parse_reference(project, "auth.scope.project")}
    other = next((kind for kind in _OTHER_SCOPES if kind in parameters), None)
    if other is None:
        raise BadRequest("auth.scope has to name a project, or be unscoped.")
    return {"other_scope": other}


def _parse_reference(parameters: Mapping[str, Any], path: str) -> Reference:
    """Parse a user or project with an id, or with a name and a domain; an id takes precedence.

    A domain's name takes precedence over its id, and its case is ignored. An unknown domain raises
    nothing here (`Reference.is_in_known_domain`). `path` is the place of `parameters` in the body,
    for the message of BadRequest, which is raised if there is neither an id nor a name with a
    domain, or for a wrong type.
    """
    identifier = _optional_text(parameters, "id", path)
    name = _optional_text(parameters, "name", path)
    if identifier:
        return Reference(identifier, None)
    if not name:
        raise BadRequest(f"{path} has to have an id or a name.")
    domain = _require_object(parameters.get("domain"), f"{path}.domain")
    domain_id = _optional_text(domain, "id", f"{path}.domain")
    domain_name = _optional_text(domain, "name", f"{path}.domain")
    if not domain_id and not domain_name:
        raise BadRequest(f"{path}.domain has to have an id or a name.")
    is_known = domain_name.lower() == DOMAIN_NAME.lower() if domain_name else domain_id == DOMAIN_ID
    return Reference(None, name, is_known)


def _require_object(value: object, path: str) -> Mapping[str, Any]:
    """Return `value`. Raises BadRequest, which names `path`, if it is not an object."""
    if not isinstance(value, dict):
        raise BadRequest(f"{path} has to be an object.")
    return value


def _optional_text(parameters: Mapping[str, Any], key: str, path: str) -> str | None:
    """Return the string under `key`; None if it is null or missing.

    Raises BadRequest, which names `path`, for any other value.
    """
    value = parameters.get(key)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{path}.{key} has to be a string.")
    return value
