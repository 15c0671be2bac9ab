"""IdentityPair: sends the same requests to a real Keystone and the embedded Identity API.

Requests have the ids that users, projects and roles have on each side. Responses are equal after
these ids are replaced by names.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from tests.support.cloud import PASSWORD, issue_token
from tests.support.http import Response, request

_KINDS = ("users", "projects", "roles")
_PLACEHOLDER = re.compile(r"\{(\w+):(\w+)\}")


class IdentitySide:
    """One of the two Identity APIs: the ids there, and tokens of users. An admin is ``chief``."""

    def __init__(self, identity_url: str, users: Iterable[str]) -> None:
        """`users` have PASSWORD, and a role in the project of the same name; one is ``chief``."""
        self._url = identity_url
        parts = urlsplit(identity_url)
        self._address, self._path = (str(parts.hostname), parts.port or 80), parts.path
        self._ids: dict[str, str] = {}
        self._tokens = {user: issue_token(identity_url, user) for user in users}
        for kind in _KINDS:
            self._learn(kind, f"/v3/{kind}")
        self._learn("roles", "/v3/roles?domain_id=default")

    def send(self, user: str, method: str, path: str, document: object = None) -> Response:
        """Send a request; ``{kind:name}`` in its path and body stands for an id."""
        path, body = self._with_ids(path), None
        headers = {"X-Auth-Token": self._tokens[user]}
        if document is not None:
            body = self._with_ids(json.dumps(document)).encode()
            headers["Content-Type"] = "application/json"
        response = request(self._address, method, self._path + path, headers, body)
        if method == "POST" and response.status == 201 and path == "/v3/roles":
            role = response.json()["role"]
            self._ids[f"roles:{role['name']}"] = role["id"]
        return response

    def log_in(self, user: str, scope: object) -> Response:
        """Log in with a scope. Requests of ``user@scope`` have this token afterwards."""
        credentials = {"name": user, "domain": {"id": "default"}, "password": PASSWORD}
        identity = {"methods": ["password"], "password": {"user": credentials}}
        auth = {"identity": identity, "scope": scope}
        body = self._with_ids(json.dumps({"auth": auth})).encode()
        headers = {"Content-Type": "application/json"}
        path = f"{self._path}/v3/auth/tokens?nocatalog"
        response = request(self._address, "POST", path, headers, body)
        if response.status == 201:
            self._tokens[f"{user}@scope"] = str(response.header("X-Subject-Token"))
        return response

    def comparable(self, response: Response) -> Any:
        """Return the status and the body, with names in place of ids, and sorted lists."""
        text = response.body.decode()
        for name, each in self._ids.items():
            text = text.replace(each, f"<{name}>")
        for address in (self._url, "audit_ids", "issued_at", "expires_at"):
            text = text.replace(address, "")
        if response.status >= 400 or not text:
            return response.status, None
        return response.status, _sorted(json.loads(text))

    def _learn(self, kind: str, path: str) -> None:
        for each in self.send("chief", "GET", path).json()[kind]:
            self._ids[f"{kind}:{each['name']}"] = each["id"]

    def _with_ids(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self._ids[f"{match[1]}:{match[2]}"], text)


def _sorted(value: Any) -> Any:
    """Return a document with its lists sorted, and without what differs: times and audit ids.

    Equal entries of a list count once: Keystone lists a role of the system twice that is assigned
    and implied, too.
    """
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items() if key}
    if isinstance(value, list):
        entries = {json.dumps(_sorted(each), sort_keys=True) for each in value}
        return [json.loads(each) for each in sorted(entries)]
    return value or None  # a project of the real cloud has null as its description


class IdentityPair:
    """Sends the same requests to a real Keystone and to the embedded Identity API."""

    def __init__(self, real: IdentitySide, embedded: IdentitySide) -> None:
        self._sides = (real, embedded)

    def send(self, method: str, path: str, document: object = None, user: str = "chief") -> int:
        """Send a request to both; fail if the responses differ; return the status."""
        responses = [each.send(user, method, f"/v3{path}", document) for each in self._sides]
        return self._compare(f"{user}: {method} {path} {document}", responses)

    def create(self, path: str, document: object) -> None:
        """Create an object in both, whose ids differ; fail if a response is not 201."""
        for each in self._sides:
            response = each.send("chief", "POST", f"/v3{path}", document)
            assert response.status == 201, response

    def log_in(self, user: str, scope: object) -> int:
        responses = [each.log_in(user, scope) for each in self._sides]
        return self._compare(f"login of {user} to {scope}", responses)

    def _compare(self, what: str, responses: list[Response]) -> int:
        details = f"{what}\nthe real one:\n{responses[0]}\n\nthe embedded one:\n{responses[1]}"
        real, embedded = (
            side.comparable(response) for side, response in zip(self._sides, responses, strict=True)
        )
        assert embedded == real, details
        return responses[0].status
