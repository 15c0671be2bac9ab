"""AuthRequest: the parsed body of ``POST /v3/auth/tokens``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glimpse.identity import field_lengths
from glimpse.identity.embedded.errors import BadRequest

METHODS = ("password", "token", "application_credential")
_TRUST = "OS-TRUST:trust"
_SCOPES = ("system", "project", "domain", _TRUST, "unscoped")


@dataclass(frozen=True, slots=True)
class Reference:
    """How a request names a domain, user, project or application credential: by id or by name.

    If a user or project is named by ``name``, ``domain`` names the domain of that user or project.
    Otherwise ``domain`` is None. An application credential may have both ``id`` and ``name``; then
    ``id`` counts.
    """

    id: str | None
    name: str | None
    domain: "Reference | None" = None

    @property
    def has_valid_lengths(self) -> bool:
        """True if the id and the name, and those of ``domain``, are not too long.

        An id may have 64 characters, a name 255 (field_lengths).
        """
        return (
            len(self.id or "") <= field_lengths.ID
            and len(self.name or "") <= field_lengths.NAME
            and (self.domain is None or self.domain.has_valid_lengths)
        )


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """A request for a token: its authentication methods with their parameters, and its scope.

    - The method password has the parameters ``user`` and ``password``.
    - The method token has ``token``.
    - The method application_credential has ``credential`` and ``secret``. If the credential has no
      id, ``user`` is the owner of the credential.

    If two methods name a ``user``, the ``user`` of the later method is used for both.

    At most one of five fields sets the scope: ``project``, ``domain``, ``is_system``, ``is_trust``
    (a trust, which Glimpse does not support) or ``is_unscoped``. If none of the five is set, the
    token is for the project of the application credential. Without an application credential, the
    token is for the user's default project, or unscoped.
    """

    methods: tuple[str, ...]
    user: Reference | None = None
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    credential: Reference | None = None
    secret: str = field(default="", repr=False)
    project: Reference | None = None
    domain: Reference | None = None
    is_system: bool = False
    is_trust: bool = False
    is_unscoped: bool = False

    @property
    def has_valid_lengths(self) -> bool:
        """True if no id, name, password or secret exceeds its maximum in field_lengths.

        Otherwise, no login can succeed. The length of ``token`` is not checked here.
        """
        return all(
            reference is None or reference.has_valid_lengths
            for reference in (self.user, self.credential, self.project, self.domain)
        ) and all(
            len(secret.encode(errors="surrogatepass")) <= field_lengths.PASSWORD
            for secret in (self.password, self.secret)
        )


def parse_auth_request(document: object) -> AuthRequest:
    """Make an AuthRequest of `document`, the parsed JSON body of the request.

    A method that is listed twice counts once. Raises BadRequest if the body is malformed, or if a
    listed method has no parameters.

    An empty list of methods is accepted here, and so is a method that is not in METHODS:
    `Login.log_in` raises Unauthorized for both. The parameters of such a method are ignored.
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
        elif method not in identity:
            raise BadRequest(f"auth.identity.{method} is missing.")
    return AuthRequest(
        methods=tuple(dict.fromkeys(methods)), **values, **_parse_scope(auth.get("scope"))
    )


def _parse_password(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields ``user`` and ``password`` of AuthRequest.

    If the password is missing, the field is an empty string. Raises BadRequest if the user is not
    named, if a value has the wrong type, or if the password is null (as Keystone does).
    """
    path = "auth.identity.password.user"
    user = _require_object(parameters.get("user"), path)
    password = _optional_text(user, "password", path)
    if password is None and "password" in user:
        raise BadRequest(f"{path}.password has to be a string.")
    return {"user": _parse_reference(user, path), "password": password or ""}


def _parse_token(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the field ``token`` of AuthRequest.

    Raises BadRequest if the parameters have no string ``id``.
    """
    token = _optional_text(parameters, "id", "auth.identity.token")
    if token is None:
        raise BadRequest("auth.identity.token.id is missing.")
    return {"token": token}


def _parse_application_credential(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields ``credential`` and ``secret`` of AuthRequest.

    If the credential has no id, also returns the field ``user``: the owner of the credential.
    Otherwise the owner is ignored. A missing or null secret becomes an empty string.

    Raises BadRequest if the credential has neither an id nor a name, or if a value has the wrong
    type. If there is no id, also raises BadRequest if the owner is not named as `_parse_reference`
    requires. An empty id or name counts as missing.
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


# A parser for each authentication method. It takes the method's parameters in the body.
_PARSERS = {
    "password": _parse_password,
    "token": _parse_token,
    "application_credential": _parse_application_credential,
}


def _parse_scope(scope: object) -> dict[str, Any]:
    """Return the field of AuthRequest that `scope` sets, such as ``project`` or ``is_system``.

    `scope` is an object, the string ``unscoped``, or None. Returns an empty dict if `scope` is
    None. Raises BadRequest if `scope` is malformed. Raises BadRequest, too, if `scope` has several
    keys of _SCOPES, or none. Other keys are ignored.
    """
    if scope is None:
        return {}
    if scope == "unscoped":
        return {"is_unscoped": True}
    parameters = _require_object(scope, "auth.scope")
    kinds = [kind for kind in _SCOPES if kind in parameters]
    if len(kinds) != 1:
        raise BadRequest(f"auth.scope has to have one of {', '.join(_SCOPES)}.")
    return _SCOPE_PARSERS[kinds[0]](parameters[kinds[0]])


def _parse_project(project: object) -> dict[str, Any]:
    path = "auth.scope.project"
    return {"project": _parse_reference(_require_object(project, path), path)}


def _parse_domain(domain: object) -> dict[str, Any]:
    path = "auth.scope.domain"
    return {"domain": _parse_domain_reference(_require_object(domain, path), path)}


def _parse_system(system: object) -> dict[str, Any]:
    """Return the field ``is_system``, which is True even if ``all`` is false (as in Keystone).

    Raises BadRequest if `system` is not an object, or if ``all`` is not a boolean.
    """
    parameters = _require_object(system, "auth.scope.system")
    if not isinstance(parameters.get("all", True), bool):
        raise BadRequest("auth.scope.system.all has to be true or false.")
    return {"is_system": True}


def _parse_trust(trust: object) -> dict[str, Any]:
    parameters = _require_object(trust, f"auth.scope.{_TRUST}")
    if not _optional_text(parameters, "id", f"auth.scope.{_TRUST}"):
        raise BadRequest(f"auth.scope.{_TRUST}.id is missing.")
    return {"is_trust": True}


def _parse_unscoped(_: object) -> dict[str, Any]:
    return {"is_unscoped": True}  # keystoneauth1 of 2016 sends {"unscoped": {}}


# A parser for each kind of scope. It takes the value under the kind's name in the body.
_SCOPE_PARSERS = {
    "project": _parse_project,
    "domain": _parse_domain,
    "system": _parse_system,
    _TRUST: _parse_trust,
    "unscoped": _parse_unscoped,
}


def _parse_reference(parameters: Mapping[str, Any], path: str) -> Reference:
    """Parse a user or project that is named by id, or by name and domain.

    If there are both an id and a name, the name is used (as in Keystone). Then a domain is needed.
    An empty id or name counts as missing. `path` is the place of `parameters` in the body, for the
    error message.

    Raises BadRequest if there is neither an id nor a name, if a name has no domain, or if a value
    has the wrong type.
    """
    identifier = _optional_text(parameters, "id", path)
    name = _optional_text(parameters, "name", path)
    if not identifier and not name:
        raise BadRequest(f"{path} has to have an id or a name.")
    if not name:
        return Reference(identifier, None)
    domain = _require_object(parameters.get("domain"), f"{path}.domain")
    return Reference(None, name, _parse_domain_reference(domain, f"{path}.domain"))


def _parse_domain_reference(parameters: Mapping[str, Any], path: str) -> Reference:
    """Parse a domain that is named by id or by name.

    If there are both an id and a name, the name is used (as in Keystone). An empty id or name
    counts as missing. `path` is the place of `parameters` in the body, for the error message.

    Raises BadRequest if there is neither an id nor a name, or if a value has the wrong type.
    """
    identifier = _optional_text(parameters, "id", path)
    name = _optional_text(parameters, "name", path)
    if not identifier and not name:
        raise BadRequest(f"{path} has to have an id or a name.")
    return Reference(None, name) if name else Reference(identifier, None)


def _require_object(value: object, path: str) -> Mapping[str, Any]:
    """Return `value` if it is an object; otherwise raise BadRequest, whose message has `path`."""
    if not isinstance(value, dict):
        raise BadRequest(f"{path} has to be an object.")
    return value


def _optional_text(parameters: Mapping[str, Any], key: str, path: str) -> str | None:
    """Return the string under `key`, which may be empty; None if it is null or missing.

    Raises BadRequest for a value of another type. The message has `path` and `key`.
    """
    value = parameters.get(key)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{path}.{key} has to be a string.")
    return value
