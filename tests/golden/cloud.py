"""GoldenCloud: a cloud with the users and images of the fixture, for replays."""

from collections.abc import Mapping
from typing import Any

from tests.golden.compare import ServiceURLs
from tests.golden.exchanges import Exchange
from tests.golden.oracle import Oracle
from tests.golden.replay import needs_broken_image
from tests.support.cloud import Cloud, Member


def fixture_members(fixture: Mapping[str, Any]) -> list[Member]:
    """Return the fixture's users, each with the project of its name."""
    roles = {"admin": ("admin", "member", "reader")}
    projects: dict[str, str] = fixture["projects"]
    return [
        Member(name, project_id, roles.get(name, ("member", "reader")))
        for name, project_id in projects.items()
    ]


class GoldenCloud:
    """Stores the fixture's images in `cloud`, and restores them after requests that write."""

    def __init__(self, cloud: Cloud, fixture: Mapping[str, Any]) -> None:
        self.cloud = cloud
        shared_with = fixture["projects"][fixture["alt-shared is shared with"]]
        self._fixture = fixture
        self._images: list[dict[str, Any]] = [dict(image) for image in fixture["images"].values()]
        for image in self._images:
            if image["name"] == "alt-shared":
                image["members"] = [{"member_id": shared_with, "status": "accepted"}]
        self._broken: dict[str, Any] = dict(fixture["broken"])
        self._has_broken: bool | None = None
        self._is_changed = True

    @property
    def address(self) -> tuple[str, int]:
        return self.cloud.address

    def token(self, user: str) -> str | None:
        return self.cloud.token(user)

    def service_urls(self, authority: str) -> ServiceURLs:
        url = f"http://{authority}"
        return ServiceURLs(url, self.cloud.image_url_at(url), self.cloud.identity_url_at(url))

    def prepare(self, exchange: Exchange) -> Oracle:
        """Restore the images for a replay of `exchange`; return the oracle for it.

        Record that a request that writes may change them.
        """
        broken = needs_broken_image(exchange, Oracle(self._fixture))
        self.restore(broken=broken)
        if exchange.writes:
            self._is_changed = True
        return Oracle(self._fixture, broken=broken)

    def restore(self, *, broken: bool) -> None:
        """Restore all images to the fixture's state, if a request may have changed them."""
        if not self._is_changed and self._has_broken == broken:
            return
        extra, absent = ([self._broken], []) if broken else ([], [self._broken["id"]])
        self.cloud.put_images([*self._images, *extra], absent=absent)
        self._is_changed, self._has_broken = False, broken
