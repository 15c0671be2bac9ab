"""Admin: an admin of a Cloud, who creates roles, and assigns them to users."""

from typing import Any

import requests

from glimpse.identity.embedded.standard_roles import role_id_of
from tests.identity.cloud import Cloud

ADMIN, MANAGER, MEMBER, READER = map(role_id_of, ("admin", "manager", "member", "reader"))
DOMAIN_ID = "d" * 32


class Admin:
    """Sends requests with a token of the user admin, for its project."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._token = cloud.token("admin")

    def send(self, method: str, path: str, document: object = None) -> requests.Response:
        body: dict[str, Any] = {} if document is None else {"json": document}
        return self.cloud.send(method, path, self._token, **body)

    def get(self, path: str) -> Any:
        response = self.send("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    def create_role(self, **values: Any) -> str:
        response = self.send("POST", "/roles", {"role": {"name": "auditor", **values}})
        assert response.status_code == 201, response.text
        return str(response.json()["role"]["id"])

    def user_id(self, name: str) -> str:
        user = self.cloud.directory.user(name=name)
        assert user is not None
        return user.id

    def project_id(self, name: str) -> str:
        project = self.cloud.directory.project(name=name)
        assert project is not None
        return project.id

    def add_domain(self) -> None:
        """Add the domain Acme with the user ``acme`` and the project ``acme`` to the file."""

        def edit(document: dict[str, Any], _: object) -> None:
            document["domains"] = [{"id": DOMAIN_ID, "name": "Acme"}]
            document["projects"].append({"id": "ap", "name": "acme", "domain_id": DOMAIN_ID})
            document["users"].append(
                {"id": "au", "name": "acme", "domain_id": DOMAIN_ID, "password": "acme"}
            )

        self.cloud.identity.identity_file.change(edit)

    def assign(self, scope: str, user_id: str, role: str) -> None:
        """Assign a role; `scope` is, for example, ``projects/ID``, or ``system``."""
        response = self.send("PUT", f"/{scope}/users/{user_id}/roles/{role}")
        assert (response.status_code, response.text) == (204, "")
