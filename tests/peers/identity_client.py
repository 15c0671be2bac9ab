"""IdentityClient: creates users and services in Keystone, and issues and revokes tokens."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.peers.configuration import OPERATOR, REGION, SERVICE_PROJECT
from tests.support.cloud import PASSWORD, issue_token, request_token
from tests.support.http import Response, request

_DEFAULT = "default"  # the id of the domain of all users and projects


class IdentityClient:
    """A client of Keystone that acts as OPERATOR. A response with an error fails the test."""

    def __init__(self, identity_url: str) -> None:
        self._url = identity_url
        url = urlsplit(identity_url)
        self._address = (str(url.hostname), int(url.port or 80))
        self._token: str | None = None

    def call(
        self, method: str, path: str, document: object = None, token: str | None = None
    ) -> Response:
        """Send a request with the operator's token or `token`; fail if the status is not 2xx."""
        headers = {"X-Auth-Token": token or self._own_token(), "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document).encode()
        response = request(self._address, method, f"/v3{path}", headers, body)
        if response.status == 401 and token is None:  # the operator's token has expired
            self._token = None
            headers["X-Auth-Token"] = self._own_token()
            response = request(self._address, method, f"/v3{path}", headers, body)
        assert response.status < 300, f"{method} {path}\n{response}"
        return response

    def create_project(self, name: str) -> str:
        """Create a project; return its id."""
        document = {"project": {"name": name, "domain_id": _DEFAULT}}
        return str(self.call("POST", "/projects", document).json()["project"]["id"])

    def create_user(self, name: str, project: str, roles: Iterable[str]) -> None:
        """Create a user with PASSWORD and these roles in the project of that name."""
        document = {"user": {"name": name, "domain_id": _DEFAULT, "password": PASSWORD}}
        user_id = self.call("POST", "/users", document).json()["user"]["id"]
        project_id = self.id_of("projects", project)
        for role in roles:
            path = f"/projects/{project_id}/users/{user_id}/roles/{self.id_of('roles', role)}"
            self.call("PUT", path)

    def create_role(self, name: str) -> None:
        """Create a role unless one of that name exists."""
        if not self.call("GET", f"/roles?name={name}").json()["roles"]:
            self.call("POST", "/roles", {"role": {"name": name}})

    def grant_system_role(self, user: str, role: str) -> None:
        """Grant a user a role on the system, for system-scoped tokens."""
        user_id, role_id = self.id_of("users", user), self.id_of("roles", role)
        self.call("PUT", f"/system/users/{user_id}/roles/{role_id}")

    def grant_domain_role(self, user: str, role: str) -> None:
        """Grant a user a role on the default domain, for domain-scoped tokens."""
        user_id, role_id = self.id_of("users", user), self.id_of("roles", role)
        self.call("PUT", f"/domains/{_DEFAULT}/users/{user_id}/roles/{role_id}")

    def create_service(self, kind: str, name: str, url: str) -> None:
        """Add a service to the catalog, with one URL for all interfaces."""
        document: dict[str, Any] = {"service": {"type": kind, "name": name}}
        service_id = self.call("POST", "/services", document).json()["service"]["id"]
        for interface in ("public", "internal", "admin"):
            endpoint = {"service_id": service_id, "interface": interface, "url": url}
            self.call("POST", "/endpoints", {"endpoint": {**endpoint, "region_id": REGION}})

    def issue_short_token(self, user: str, seconds: int) -> str:
        """Return a token that expires after `seconds`, scoped to the project with the user's name.

        It is a token of an application credential, which expires then, and its tokens with it.
        """
        expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
        expiry = {"expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%S.%f")}
        return self._issue_by_application_credential(user, expiry)

    def issue_restricted_token(self, user: str, rules: Iterable[tuple[str, str, str]]) -> str:
        """Return a token with access rules, each a service, a method and a path."""
        access_rules = [
            {"service": service, "method": method, "path": path} for service, method, path in rules
        ]
        return self._issue_by_application_credential(user, {"access_rules": access_rules})

    def _issue_by_application_credential(self, user: str, more: Mapping[str, object]) -> str:
        token = issue_token(self._url, user)
        attributes = {"name": uuid4().hex, **more}
        path = f"/users/{self.id_of('users', user)}/application_credentials"
        made = self.call("POST", path, {"application_credential": attributes}, token).json()
        credential = {key: made["application_credential"][key] for key in ("id", "secret")}
        method = "application_credential"
        return request_token(self._url, {"identity": {"methods": [method], method: credential}})

    def issue_service_token(self, user: str) -> str:
        """Return a token of one of SERVICE_USERS, scoped to SERVICE_PROJECT."""
        domain = {"id": _DEFAULT}
        credentials = {"name": user, "domain": domain, "password": PASSWORD}
        identity = {"methods": ["password"], "password": {"user": credentials}}
        scope = {"project": {"name": SERVICE_PROJECT, "domain": domain}}
        return request_token(self._url, {"identity": identity, "scope": scope})

    def revoke(self, token: str) -> None:
        """Revoke a token."""
        headers = {"X-Auth-Token": self._own_token(), "X-Subject-Token": token}
        response = request(self._address, "DELETE", "/v3/auth/tokens", headers)
        assert response.status == 204, str(response)

    def set_password(self, user: str, password: str) -> None:
        """Set a user's password, which revokes all tokens of the user, even if it is the same."""
        path = f"/users/{self.id_of('users', user)}"
        self.call("PATCH", path, {"user": {"password": password}})

    def id_of(self, collection: str, name: str) -> str:
        """Return the id of the user, project or role with this name; fail unless it is unique."""
        (found,) = self.call("GET", f"/{collection}?name={name}").json()[collection]
        return str(found["id"])

    def _own_token(self) -> str:
        if self._token is None:
            self._token = issue_token(self._url, OPERATOR)
        return self._token
