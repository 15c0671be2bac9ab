"""Requests that create, change and delete projects, users and others as admin."""

from typing import Any

import requests

from tests.identity.cloud import Cloud


class Objects:
    """Sends requests with the token of the user admin, or with another one.

    `kind` is the singular, such as ``project``; the paths have the plural.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.token = cloud.token("admin")

    def post(self, kind: str, **values: Any) -> requests.Response:
        return self.send("POST", f"/{kind}s", {kind: values})

    def create(self, kind: str, **values: Any) -> dict[str, Any]:
        """Create an object, and return it; fail if the response is no 201."""
        return self._object(self.post(kind, **values), 201, kind)

    def patch(self, kind: str, object_id: str, **values: Any) -> requests.Response:
        return self.send("PATCH", f"/{kind}s/{object_id}", {kind: values})

    def update(self, kind: str, object_id: str, **values: Any) -> dict[str, Any]:
        """Change an object, and return it; fail if the response is no 200."""
        return self._object(self.patch(kind, object_id, **values), 200, kind)

    def show(self, kind: str, object_id: str, query: str = "") -> dict[str, Any]:
        """Return an object; fail if there is none."""
        return self._object(self.send("GET", f"/{kind}s/{object_id}{query}"), 200, kind)

    def delete(self, kind: str, object_id: str) -> requests.Response:
        return self.send("DELETE", f"/{kind}s/{object_id}")

    def listed(self, kind: str, query: str = "") -> list[dict[str, Any]]:
        """Return the objects that match a query; fail if the response is no 200."""
        response = self.send("GET", f"/{kind}s{query}")
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()[f"{kind}s"]
        return found

    def names(self, kind: str, query: str = "") -> list[str]:
        """Return the names of the objects that match a query, sorted."""
        return sorted(each["name"] for each in self.listed(kind, query))

    def send(
        self, method: str, path: str, document: object = None, token: str | None = None
    ) -> requests.Response:
        body = {} if document is None else {"json": document}
        return self.cloud.send(method, path, self.token if token is None else token, **body)

    def login(self, name: str, password: str, **scope: Any) -> requests.Response:
        """Log a user of the domain Default in; without a project unless `scope` names one."""
        user = {"name": name, "password": password, "domain": {"id": "default"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return self.cloud.post({"auth": {"identity": identity} | scope})

    @staticmethod
    def _object(response: requests.Response, status: int, kind: str) -> dict[str, Any]:
        assert response.status_code == status, response.text
        found: dict[str, Any] = response.json()[kind]
        return found
