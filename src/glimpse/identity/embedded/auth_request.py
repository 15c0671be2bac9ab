"""AuthRequest: what the body of ``POST /v3/auth/tokens`` asks for. Parsing only, no look-ups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glimpse.identity import field_lengths
from glimpse.identity.embedded.directory import DOMAIN_ID, DOMAIN_NAME

METHODS = ("password", "token", "application_credential")
_OTHER_SCOPES = ("domain", "system", "OS-TRUST:trust")  # Keystone's, in which nobody has a role


class BadRequest(ValueError):
    """The body is not what the Identity API specifies; the message says where."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Something named by id, or by name in the one domain there is."""

    id: str | None
    name: str | None
    in_known_domain: bool = True

    @property
    def has_valid_lengths(self) -> bool:
        """Whether there can be such an id or name: none is longer than Keystone allows."""
        return len(self.id or "") <= field_lengths.ID and len(self.name or "") <= field_lengths.NAME


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """The methods in their order, what each was given, and the scope wanted.

    ``project`` is None for an unscoped token or where the scope is implied; ``unscoped`` tells
    that the request said so; ``other_scope`` names a scope of another kind (domain, system).
    """

    methods: tuple[str, ...]
    user: Reference | None = None
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    credential: Reference | None = None
    secret: str = field(default="", repr=False)
    project: Reference | None = None
    unscoped: bool = False
    other_scope: str | None = None

    @property
    def has_valid_lengths(self) -> bool:
        """Whether anybody can log in so: what is too long for a name or a secret is never right."""
        return all(
            reference is None or reference.has_valid_lengths
            for reference in (self.user, self.credential, self.project)
        ) and all(
            len(secret.encode(errors="surrogatepass")) <= field_lengths.PASSWORD
            for secret in (self.password, self.secret)
        )


def parse_auth_request(document: object) -> AuthRequest:
    """Read the parsed JSON body. Raises BadRequest."""
    auth = _object(_object(document, "the body").get("auth"), "auth")
    identity = _object(auth.get("identity"), "auth.identity")
    methods = identity.get("methods")
    if not isinstance(methods, list) or not all(isinstance(each, str) for each in methods):
        raise BadRequest("auth.identity.methods has to be a list of strings.")
    found: dict[str, Any] = {}
    for method in dict.fromkeys(methods):
        if method in METHODS:
            given = _object(identity.get(method), f"auth.identity.{method}")
            found |= _READERS[method](given)
    return AuthRequest(methods=tuple(dict.fromkeys(methods)), **found, **_scope(auth.get("scope")))


def _password(given: Mapping[str, Any]) -> dict[str, Any]:
    user = _object(given.get("user"), "auth.identity.password.user")
    return {
        "user": _reference(user, "auth.identity.password.user"),
        "password": _text(user, "password", "auth.identity.password.user") or "",
    }


def _token(given: Mapping[str, Any]) -> dict[str, Any]:
    token = _text(given, "id", "auth.identity.token")
    if token is None:
        raise BadRequest("auth.identity.token.id is missing.")
    return {"token": token}


def _application_credential(given: Mapping[str, Any]) -> dict[str, Any]:
    where = "auth.identity.application_credential"
    found: dict[str, Any] = {
        "credential": Reference(_text(given, "id", where), _text(given, "name", where)),
        "secret": _text(given, "secret", where) or "",
    }
    if not given.get("id"):
        if not given.get("name"):
            raise BadRequest(f"{where} has to have an id or a name.")
        found["user"] = _reference(_object(given.get("user"), f"{where}.user"), f"{where}.user")
    return found


_READERS = {
    "password": _password,
    "token": _token,
    "application_credential": _application_credential,
}


def _scope(scope: object) -> dict[str, Any]:
    if scope is None:
        return {}
    if scope == "unscoped":
        return {"unscoped": True}
    wanted = _object(scope, "auth.scope")
    if "unscoped" in wanted:  # as keystoneauth1 of 2016 wrote it
        return {"unscoped": True}
    if "project" in wanted:
        project = _object(wanted["project"], "auth.scope.project")
        return {"project": _reference(project, "auth.scope.project")}
    other = next((kind for kind in _OTHER_SCOPES if kind in wanted), None)
    if other is None:
        raise BadRequest("auth.scope has to name a project, or be unscoped.")
    return {"other_scope": other}


def _reference(given: Mapping[str, Any], where: str) -> Reference:
    identifier, name = _text(given, "id", where), _text(given, "name", where)
    if identifier:
        return Reference(identifier, None)
    if not name:
        raise BadRequest(f"{where} has to have an id or a name.")
    domain = _object(given.get("domain"), f"{where}.domain")
    domain_id = _text(domain, "id", f"{where}.domain")
    domain_name = _text(domain, "name", f"{where}.domain")
    if not domain_id and not domain_name:
        raise BadRequest(f"{where}.domain has to have an id or a name.")
    known = domain_name.lower() == DOMAIN_NAME.lower() if domain_name else domain_id == DOMAIN_ID
    return Reference(None, name, known)


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{where} has to be an object.")
    return value


def _text(given: Mapping[str, Any], key: str, where: str) -> str | None:
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{where}.{key} has to be a string.")
    return value
