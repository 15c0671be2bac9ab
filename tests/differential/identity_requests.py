"""Requests that several scenarios of the Identity API consist of."""

from collections.abc import Mapping
from typing import Any

from tests.differential.api_request import ApiRequest, identity_call
from tests.differential.base_images import CREW
from tests.support.cloud import PASSWORD

DOMAIN = {"id": "default"}
PROJECT = {"project": {"id": CREW}}
KINDS = ("projects", "users", "roles", "domains", "services", "endpoints", "regions")


def password(**user: Any) -> dict[str, Any]:
    """Return an identity by password; ``...`` removes a member of the user."""
    members = {"name": "owner", "domain": DOMAIN, "password": PASSWORD, **user}
    present = {key: value for key, value in members.items() if value is not ...}
    return {"methods": ["password"], "password": {"user": present}}


def token(caller: str) -> dict[str, Any]:
    """Return an identity by the token of a caller."""
    return {"methods": ["token"], "token": {"id": f"<token:{caller}>"}}


def login(identity: Any, scope: Any = ..., headers: Mapping[str, str] | None = None) -> ApiRequest:
    """Return a login; without `scope` it has none."""
    auth = {"identity": identity} if scope is ... else {"identity": identity, "scope": scope}
    return identity_call("POST", "/auth/tokens", {"auth": auth}, None, headers)


def login_and_save(identity: Any, scope: Any = ...) -> ApiRequest:
    """Return a login whose token becomes the placeholder ``<fresh>``."""
    body = login(identity, scope).body
    saved = {"fresh": "header:X-Subject-Token"}
    return identity_call("POST", "/auth/tokens", body, None, saves=saved)
