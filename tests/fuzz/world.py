"""World: what the fuzzer knows of the cloud: tokens, images, credentials; bounded in number."""

import re
from collections import deque
from collections.abc import Iterable
from typing import Any

import orjson

from tests.fuzz.dice import Dice
from tests.fuzz.request import FuzzRequest, Response
from tests.fuzz.values import canary, header_value, odd_text
from tests.support.cloud import PASSWORD

MOST_IMAGES = 150
MOST_CREDENTIALS = 12
# Whose tokens are no good anywhere.
BAD_USERS = ("none", "invalid", "empty", "long", "spoiled")
_ABSENT = "00000000-0000-0000-0000-000000000000"
_IMAGE_ID = re.compile(r'"id": ?"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')


class World:
    """Shared by all connections. `tokens` by user; `projects` by user; `secrets` to look for."""

    def __init__(
        self,
        tokens: dict[str, str],
        projects: dict[str, str],
        user_id: str,
        *,
        checks_tokens: bool = True,
    ) -> None:
        """`user_id` is the owner's; without `checks_tokens` any text is a good token."""
        self.tokens = tokens
        self.projects = projects
        self.user_id = user_id
        self.checks_tokens = checks_tokens
        self._secrets = [*tokens.values(), PASSWORD] if checks_tokens else [PASSWORD]
        self._new_secrets: deque[str] = deque(maxlen=200)
        self.images: deque[str] = deque()
        self.credentials: deque[str] = deque()
        self.extra_tokens: deque[str] = deque(maxlen=20)
        self.etags: deque[str] = deque(['"a"'], maxlen=20)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may hold: tokens and passwords, the latest of those made meanwhile."""
        return (*self._secrets, *self._new_secrets)

    def image(self, dice: Dice) -> str:
        """The id of an image, which mostly exists."""
        if self.images and dice.chance(0.93):
            return dice.pick(self.images)
        return dice.pick((_ABSENT, dice.uuid(), dice.uuid().upper()))

    def token(self, dice: Dice, user: str) -> str | None:
        """A token of `user`, one of BAD_USERS among them."""
        if user not in BAD_USERS:
            return self.tokens[user]
        if not self.checks_tokens:
            return header_value(odd_text(dice))[:3000]
        if user == "none":
            return None
        if user == "empty":
            return ""
        return self._bad_token(dice, user)

    def _bad_token(self, dice: Dice, user: str) -> str:
        if user == "long":
            return canary(dice) * dice.pick((20, 120))
        if user == "invalid":
            return canary(dice)
        good = self.tokens["owner"]
        at = dice.randrange(len(good))
        return good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] + canary(dice)

    def observe(self, request: FuzzRequest, response: Response) -> None:
        """Remember what a response tells of new images, credentials, tokens and entity tags."""
        etag = response.header("etag")
        if etag is not None:
            self.etags.append(etag)
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

    def _remember_credential(self, made: dict[str, Any]) -> None:
        self.credentials.append(made["id"])
        if len(made["secret"]) >= 12:
            self._new_secrets.append(made["secret"])

    def _remember_token(self, response: Response) -> None:
        token = response.header("x-subject-token")
        if token:
            self._new_secrets.append(token)
            self.extra_tokens.append(token)

    def surplus(self, dice: Dice) -> Iterable[FuzzRequest]:
        """Requests that delete what there is too much of."""
        while len(self.images) > MOST_IMAGES:
            image = self.images.popleft()
            unprotect = b'[{"op":"replace","path":"/protected","value":false}]'
            kind = ("Content-Type", "application/openstack-images-v2.1-json-patch")
            target = f"/image/v2/images/{image}"
            yield self._clean(dice, "PATCH", target, [kind], unprotect)
            yield self._clean(dice, "DELETE", target, [])
        while len(self.credentials) > MOST_CREDENTIALS:
            known = self.credentials.popleft()
            target = f"/identity/v3/users/{self.user_id}/application_credentials/{known}"
            yield self._clean(dice, "DELETE", target, [], user="owner")

    def _clean(
        self,
        dice: Dice,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes | None = None,
        user: str = "admin",
    ) -> FuzzRequest:
        pairs = [("X-Auth-Token", self.token(dice, user) or ""), *headers]
        api = "image" if target.startswith("/image") else "identity"
        return FuzzRequest(api, method, "clean up", target, user, pairs, body)
