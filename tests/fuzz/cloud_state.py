"""CloudState: tokens, images and credentials of the cloud that a fuzzer may use."""

import re
from collections import deque
from collections.abc import Iterable
from typing import Any

import orjson

from tests.fuzz.random_source import RandomSource
from tests.fuzz.request import FuzzRequest, Response
from tests.fuzz.values import canary, header_value, odd_text
from tests.support.cloud import PASSWORD

MAX_IMAGES = 150
MAX_CREDENTIALS = 12
MAX_SERVERS = 80
# Their tokens are invalid.
BAD_USERS = ("none", "invalid", "empty", "long", "spoiled")
_ABSENT = "00000000-0000-0000-0000-000000000000"
_IMAGE_ID = re.compile(r'"id": ?"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')


class CloudState:
    """Shared by all connections. `tokens` and `projects` are by user."""

    def __init__(
        self,
        tokens: dict[str, str],
        projects: dict[str, str],
        user_id: str,
        *,
        checks_tokens: bool = True,
    ) -> None:
        """`user_id` is the owner's. Without `checks_tokens` every text is a valid token."""
        self.tokens = tokens
        self.projects = projects
        self.user_id = user_id
        self.checks_tokens = checks_tokens
        self._secrets = [*tokens.values(), PASSWORD] if checks_tokens else [PASSWORD]
        self._new_secrets: deque[str] = deque(maxlen=200)
        self.images: deque[str] = deque()
        self.servers: deque[str] = deque()
        self.credentials: deque[str] = deque()
        # Ids of projects, users and others that requests created: only these are changed.
        self.made: deque[str] = deque(maxlen=60)
        self.extra_tokens: deque[str] = deque(maxlen=20)
        self.etags: deque[str] = deque(['"a"'], maxlen=20)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not be in a log: tokens and passwords, of new ones the latest 200."""
        return (*self._secrets, *self._new_secrets)

    def image(self, rng: RandomSource) -> str:
        """Return the id of an image, which mostly exists."""
        if self.images and rng.chance(0.93):
            return rng.pick(self.images)
        return rng.pick((_ABSENT, rng.uuid(), rng.uuid().upper()))

    def server(self, rng: RandomSource) -> str:
        """Return the id of a server, which mostly exists in a cloud with servers."""
        if self.servers and rng.chance(0.93):
            return rng.pick(self.servers)
        return rng.pick((_ABSENT, rng.uuid(), rng.uuid().upper()))

    def token(self, rng: RandomSource, user: str) -> str | None:
        """Return a token of `user`, who may be one of BAD_USERS; None for no token."""
        if user not in BAD_USERS:
            return self.tokens[user]
        if not self.checks_tokens:
            return header_value(odd_text(rng))[:3000]
        if user == "none":
            return None
        if user == "empty":
            return ""
        return self._bad_token(rng, user)

    def _bad_token(self, rng: RandomSource, user: str) -> str:
        if user == "long":
            return canary(rng) * rng.pick((20, 120))
        if user == "invalid":
            return canary(rng)
        good = self.tokens["owner"]
        at = rng.randrange(len(good))
        return good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] + canary(rng)

    def observe(self, request: FuzzRequest, response: Response) -> None:
        """Add the image, server, credential, token or entity tag that a response has created."""
        etag = response.header("etag")
        if etag is not None:
            self.etags.append(etag)
        if response.status == 202:
            self._remember_server(request, response)
        if response.status != 201:
            return
        if request.template == "/image/v2/images":
            found = _IMAGE_ID.search(response.body.decode(errors="replace"))
            if found:
                self.images.append(found[1])
        elif request.template.endswith("/application_credentials"):
            self._remember_credential(orjson.loads(response.body)["application_credential"])
        elif request.template.endswith("/auth/tokens"):
            self._remember_token(response)
        elif request.template.startswith("/identity/") and request.method == "POST":
            (made,) = orjson.loads(response.body).values()
            self.made.append(made["id"])

    def _remember_server(self, request: FuzzRequest, response: Response) -> None:
        """Add the server that a response has created, or the image of its snapshot."""
        if request.template.endswith("/servers"):
            self.servers.append(orjson.loads(response.body)["server"]["id"])
        elif request.template.endswith("/action"):
            location = response.header("location")
            if location is not None:
                self.images.append(location.rpartition("/")[2])
            elif response.body:
                self.images.append(orjson.loads(response.body)["image_id"])

    def _remember_credential(self, made: dict[str, Any]) -> None:
        self.credentials.append(made["id"])
        if len(made["secret"]) >= 12:
            self._new_secrets.append(made["secret"])

    def _remember_token(self, response: Response) -> None:
        token = response.header("x-subject-token")
        if token:
            self._new_secrets.append(token)
            self.extra_tokens.append(token)

    def surplus(self, rng: RandomSource) -> Iterable[FuzzRequest]:
        """Yield requests that delete images, servers and credentials above the maximum numbers."""
        while len(self.servers) > MAX_SERVERS:
            yield self._clean(rng, "DELETE", f"/v2.1/servers/{self.servers.popleft()}", [])
        while len(self.images) > MAX_IMAGES:
            image = self.images.popleft()
            unprotect = b'[{"op":"replace","path":"/protected","value":false}]'
            kind = ("Content-Type", "application/openstack-images-v2.1-json-patch")
            target = f"/image/v2/images/{image}"
            yield self._clean(rng, "PATCH", target, [kind], unprotect)
            yield self._clean(rng, "DELETE", target, [])
        while len(self.credentials) > MAX_CREDENTIALS:
            known = self.credentials.popleft()
            target = f"/identity/v3/users/{self.user_id}/application_credentials/{known}"
            yield self._clean(rng, "DELETE", target, [], user="owner")

    def _clean(
        self,
        rng: RandomSource,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes | None = None,
        user: str = "admin",
    ) -> FuzzRequest:
        pairs = [("X-Auth-Token", self.token(rng, user) or ""), *headers]
        api = {"image": "image", "identity": "identity"}.get(target.split("/")[1], "compute")
        return FuzzRequest(api, method, "clean up", target, user, pairs, body)
