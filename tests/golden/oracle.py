"""Oracle: a model of the images that a correct Compute lists and shows for the fixture.

For exchanges in which the real Compute was wrong, the expected response was not recorded (see
repairs.py). The oracle computes it from the fixture and the rules of the API reference, without
code of Glimpse. test_oracle.py checks that it agrees with the other recordings.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.golden.exchanges import Exchange

BASE = frozenset(
    (
        "id",
        "name",
        "status",
        "visibility",
        "protected",
        "os_hidden",
        "checksum",
        "os_hash_algo",
        "os_hash_value",
        "owner",
        "size",
        "virtual_size",
        "container_format",
        "disk_format",
        "created_at",
        "updated_at",
        "tags",
        "direct_url",
        "min_ram",
        "min_disk",
        "self",
        "file",
        "stores",
        "schema",
        "locations",
    )
)
SHOWN = {"active": "ACTIVE", "queued": "SAVING", "saving": "SAVING", "killed": "ERROR"}
SHOWN |= {"deleted": "DELETED", "pending_delete": "DELETED"}
PROGRESS = {"active": 100, "saving": 50, "queued": 25}
DECODED = ("block_device_mapping", "mappings")
COMPUTE, IMAGE = "http://compute", "http://image"  # placeholders for the URLs of the services
_PATH = re.compile(r"/+(?P<version>v2(?:\.1)?)(?:/+(?P<project>[0-9a-f]{32}))?/+images(?P<rest>.*)")

Document = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A parsed path of the Images API: ``/v2.1/<project>/images/<image>/metadata/<key>``."""

    version: str
    project: str | None
    parts: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    @property
    def is_list(self) -> bool:
        return self.parts in ((), ("detail",))

    @property
    def is_metadata(self) -> bool:
        return len(self.parts) in (2, 3) and self.parts[1] == "metadata"

    def last(self, parameter: str) -> str | None:
        """Return the last value of a query parameter; None without one."""
        values = [value for name, value in self.query if name == parameter]
        return values[-1] if values else None


def parse_target(exchange: Exchange) -> Target | None:
    """Parse the path of an exchange; None for a path that is not below ``/images``."""
    split = urlsplit(re.sub("^/+", "/", exchange.path))
    matched = _PATH.fullmatch(split.path)
    if not matched:
        return None
    parts = tuple(part for part in matched["rest"].split("/") if part)
    query = tuple(parse_qsl(split.query.replace(";", "&"), keep_blank_values=True))
    return Target(matched["version"], matched["project"], parts, query)


class Oracle:
    """The images of the fixture, and what each of its users sees of them."""

    def __init__(self, fixture: Mapping[str, Any], *, broken: bool = False) -> None:
        """`broken` adds the image whose block_device_mapping is not JSON."""
        self.projects: dict[str, str] = fixture["projects"]
        documents = [*fixture["images"].values(), *([fixture["broken"]] if broken else [])]
        by_id = sorted(documents, key=lambda image: str(image["id"]), reverse=True)
        self.images: list[Document] = sorted(
            by_id, key=lambda image: str(image["created_at"]), reverse=True
        )
        self.broken_id = str(fixture["broken"]["id"])
        self._shared_with = fixture["alt-shared is shared with"]
        self._shared = fixture["images"]["alt-shared"]["id"]

    def image(self, image_id: str) -> Document:
        return next(image for image in self.images if image["id"] == image_id)

    def select_images(self, user: str, target: Target) -> tuple[list[Document], bool]:
        """Return the images of a list, and True if its limit leaves out further ones."""
        hidden = (target.last("property-os_hidden") or "").lower() == "true"
        matching = [
            i for i in self.images if self._is_listed(user, i, hidden) and _matches(i, target)
        ]
        marker, limit = target.last("marker"), target.last("limit")
        if marker:
            after = [image["id"] for image in self.images].index(marker.lower())
            later = {image["id"] for image in self.images[after + 1 :]}
            matching = [image for image in matching if image["id"] in later]
        end = len(matching) if limit is None else int(limit)
        return matching[:end], len(matching) > end

    def _is_listed(self, user: str, image: Document, hidden: bool) -> bool:  # noqa: FBT001  a flag of images
        """Return True if the image is in a list that `user` requests without filters."""
        if image["os_hidden"] != hidden or image["status"] == "killed":
            return False
        shared = image["id"] == self._shared and user == self._shared_with
        mine = bool(image["owner"] == self.projects.get(user))
        if user == "admin":
            return mine or bool(image["visibility"] != "community")
        return mine or shared or bool(image["visibility"] == "public")

    def render_image(self, image: Document, target: Target) -> Document:
        """Return the image as a response to `target` shows it."""
        found = properties(image)
        document = {
            "id": image["id"],
            "name": image["name"],
            "minRam": image["min_ram"],
            "minDisk": image["min_disk"],
            "metadata": found,
            "created": image["created_at"],
            "updated": image["updated_at"],
            "status": SHOWN.get(image["status"], "UNKNOWN"),
            "progress": PROGRESS.get(image["status"], 0),
            "OS-EXT-IMG-SIZE:size": image["size"] or 0,
            "links": _links(target, "images", image["id"]),
        }
        if "instance_uuid" in found:
            server = str(found["instance_uuid"])
            document["server"] = {"id": server, "links": _links(target, "servers", server)[:2]}
        if "auto_disk_config" in found:
            word = str(found["auto_disk_config"]).lower()
            automatic = word in ("1", "t", "true", "on", "y", "yes")
            document["OS-DCF:diskConfig"] = "AUTO" if automatic else "MANUAL"
        return document

    def render_list(self, user: str, target: Target) -> list[Document]:
        """Return the value of ``images`` in the response to the list `target`."""
        shown = [self.render_image(image, target) for image in self.select_images(user, target)[0]]
        if target.parts == ("detail",):
            return shown
        return [{key: image[key] for key in ("id", "name", "links")} for image in shown]


def properties(image: Document) -> Document:
    """Return the image's metadata. Values of DECODED are parsed, unless they are not JSON."""
    found = {key: value for key, value in image.items() if key not in BASE}
    return {key: _decoded(value) if key in DECODED else value for key, value in found.items()}


def is_json(text: object) -> bool:
    """Return True if a text is JSON."""
    try:
        json.loads(str(text))
    except ValueError:
        return False
    return True


def _decoded(text: str) -> Any:
    return json.loads(text) if is_json(text) else text


def _links(target: Target, collection: str, identifier: str) -> list[Document]:
    project = f"/{target.project}" if target.project else ""
    end = f"{project}/{collection}/{identifier}"
    alternate = f"{IMAGE}/images/{identifier}"
    return [
        {"rel": "self", "href": f"{COMPUTE}/{target.version}{end}"},
        {"rel": "bookmark", "href": f"{COMPUTE}{end}"},
        {"rel": "alternate", "type": "application/vnd.openstack.image", "href": alternate},
    ]


def _matches(image: Document, target: Target) -> bool:
    """Return True if an image matches all filters of a query, with repairs R1 and R4."""
    return all(
        _filter(name)(image, name, target.last(name) or "")
        for name in {name for name, _ in target.query}
    )


def _filter(name: str) -> Callable[[Document, str, str], bool]:
    if name.startswith("property-"):
        return lambda image, key, value: _attribute_is(image, key.removeprefix("property-"), value)
    return _FILTERS.get(name, lambda _image, _key, _value: True)


def _attribute_is(image: Document, attribute: str, value: str) -> bool:
    """Compare as the database of the recordings did: without regard to case."""
    if attribute in ("sort", "sort_key", "sort_dir"):  # no filters: Compute passes them on
        return True
    wanted = value.removeprefix("in:").split(",") if value.startswith("in:") else [value]
    wanted = [value.removeprefix("eq:")] if attribute not in BASE or len(wanted) == 1 else wanted
    found = image.get(attribute)
    return found is not None and str(found).lower() in [word.lower() for word in wanted]


def _status(image: Document, _name: str, value: str) -> bool:
    """Filter by the shown status (R4), or by the Image service's own, in lower case."""
    shown = SHOWN.get(image["status"], "UNKNOWN")
    listed = re.sub("^in:", "", value, flags=re.IGNORECASE)
    words = [word.strip('"') for word in listed.split(",")] if listed != value else [value]
    words = [word.rstrip(" ") for word in words]
    return any(
        shown == word.upper()
        if word not in SHOWN and word.upper() in {*SHOWN.values(), "UNKNOWN"}
        else _attribute_is(image, "status", word)
        for word in words
    )


def _number(attribute: str) -> Callable[[Document, str, str], bool]:
    def equal(image: Document, _name: str, value: str) -> bool:
        leading = re.match(r"\s*[+-]?\d+", value)
        return bool(image[attribute] == (int(leading[0]) if leading else 0))

    return equal


_FILTERS: dict[str, Callable[[Document, str, str], bool]] = {
    "name": _attribute_is,
    "status": _status,
    "type": lambda image, _name, value: _attribute_is(image, "image_type", value),
    "server": lambda image, _name, value: _attribute_is(
        image, "instance_uuid", value.rsplit("/", 1)[-1]
    ),
    "minRam": _number("min_ram"),
    "minDisk": _number("min_disk"),
    "changes-since": lambda image, _name, value: bool(image["updated_at"] >= value),
}
