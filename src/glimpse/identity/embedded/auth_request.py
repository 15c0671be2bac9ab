"""AuthRequest: the parsed body of ``POST /v3/auth/tokens``. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glimpse.identity import field_lengths
from glimpse.identity.embedded.directory import DOMAIN_ID, DOMAIN_NAME

METHODS = ("password", "token", "application_credential")
_OTHER_SCOPES = ("domain", "system", "OS-TRUST:trust")  # of Keystone; no user has a role in them


class BadRequest(ValueError):
    """The body is not as the Identity API specifies; the message names the value."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of a user, project or credential, or its name in a domain.

    ``is_in_known_domain`` is False for a domain other than Default, the only one there is.
    """

    id: str | None
    name: str | None
    is_in_known_domain: bool = True

    @property
    def has_valid_lengths(self) -> bool:
        """Return True unless the id or the name is longer than field_lengths allows."""
        return len(self.id or "") <= field_lengths.ID and len(self.name or "") <= field_lengths.NAME


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """The authentication methods in their order, their parameters, and the requested scope.

    ``project`` is None if the request names no project. ``is_unscoped`` is True if it requests an
    unscoped token. ``other_scope`` is the kind of any other scope: ``domain``, ``system`` or
    ``OS-TRUST:trust``.
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
        """Return True unless an id, name or secret is so long that no login can succeed."""
        return all(
            reference is None or reference.has_valid_lengths
            for reference in (self.user, self.credential, self.project)
        ) and all(
            len(secret.encode(errors="surrogatepass")) <= field_lengths.PASSWORD
            for secret in (self.password, self.secret)
        )


def parse_auth_request(document: object) -> AuthRequest:
    """Make an AuthRequest of the parsed JSON body.

    Repeated methods are merged. A method that is not in METHODS is kept by name, and its parameters
    are ignored; a login with it fails later. Raises BadRequest for a malformed body, which includes
    a method of METHODS without its parameters.
    """
    auth = _object(_object(document, "the body").get("auth"), "auth")
    identity = _object(auth.get("identity"), "auth.identity")
    methods = identity.get("methods")
    if not isinstance(methods, list) or not all(isinstance(each, str) for each in methods):
        raise BadRequest("auth.identity.methods has to be a list of strings.")
    values: dict[str, Any] = {}
    for method in dict.fromkeys(methods):
        if method in METHODS:
            parameters = _object(identity.get(method), f"auth.identity.{method}")
            values |= _PARSERS[method](parameters)
    return AuthRequest(methods=tuple(dict.fromkeys(methods)), **values, **_scope(auth.get("scope")))


def _password(parameters: Mapping[str, Any]) -> dict[str, Any]:
    user = _object(parameters.get("user"), "auth.identity.password.user")
    return {
        "user": _reference(user, "auth.identity.password.user"),
        "password": _text(user, "password", "auth.identity.password.user") or "",
    }


def _token(parameters: Mapping[str, Any]) -> dict[str, Any]:
    token = _text(parameters, "id", "auth.identity.token")
    if token is None:
        raise BadRequest("auth.identity.token.id is missing.")
    return {"token": token}


def _application_credential(parameters: Mapping[str, Any]) -> dict[str, Any]:
    where = "auth.identity.application_credential"
    values: dict[str, Any] = {
        "credential": Reference(_text(parameters, "id", where), _text(parameters, "name", where)),
        "secret": _text(parameters, "secret", where) or "",
    }
    if not parameters.get("id"):
        if not parameters.get("name"):
            raise BadRequest(f"{where} has to have an id or a name.")
        values["user"] = _reference(
            _object(parameters.get("user"), f"{where}.user"), f"{where}.user"
        )
    return values


_PARSERS = {
    "password": _password,
    "token": _token,
    "application_credential": _application_credential,
}


def _scope(scope: object) -> dict[str, Any]:
    if scope is None:
        return {}
    if scope == "unscoped":
        return {"is_unscoped": True}
    parameters = _object(scope, "auth.scope")
    if "unscoped" in parameters:  # as keystoneauth1 of 2016 writes it
        return {"is_unscoped": True}
    if "project" in parameters:
        project = _object(parameters["project"], "auth.scope.project")
        return {"project": _reference(project, "auth.scope.project")}
    other = next((kind for kind in _OTHER_SCOPES if kind in parameters), None)
    if other is None:
        raise BadRequest("auth.scope has to name a project, or be unscoped.")
    return {"other_scope": other}


def _reference(parameters: Mapping[str, Any], where: str) -> Reference:
    identifier, name = _text(parameters, "id", where), _text(parameters, "name", where)
    if identifier:
        return Reference(identifier, None)
    if not name:
        raise BadRequest(f"{where} has to have an id or a name.")
    domain = _object(parameters.get("domain"), f"{where}.domain")
    domain_id = _text(domain, "id", f"{where}.domain")
    domain_name = _text(domain, "name", f"{where}.domain")
    if not domain_id and not domain_name:
        raise BadRequest(f"{where}.domain has to have an id or a name.")
    is_known = domain_name.lower() == DOMAIN_NAME.lower() if domain_name else domain_id == DOMAIN_ID
    return Reference(None, name, is_known)


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{where} has to be an object.")
    return value


def _text(parameters: Mapping[str, Any], key: str, where: str) -> str | None:
    value = parameters.get(key)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{where}.{key} has to be a string.")
    return value
