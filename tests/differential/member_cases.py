"""Hand-written scenarios of the Image API: members and tags of an image."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import ApiRequest, Scenario, image_call, numbered
from tests.differential.base_images import ABSENT_IMAGE, ADMINS, CREW, OTHERS, image_id
from tests.differential.image_requests import IMAGE, create, show

_MEMBERS = f"{IMAGE}/members"
_ONE = f"{_MEMBERS}/{OTHERS}"
_LIST = image_call("GET", _MEMBERS)
_REMOVE = image_call("DELETE", _ONE)
_OLD_IMAGES = (ABSENT_IMAGE, "nothing", image_id(8), image_id(5), image_id(9), image_id(4))


def _share(member: Any = OTHERS, user: str = "owner") -> ApiRequest:
    return image_call("POST", _MEMBERS, {"member": member}, user)


def _set(status: Any = "accepted", user: str = "other") -> ApiRequest:
    return image_call("PUT", _ONE, {"status": status}, user)


def members() -> Iterator[Scenario]:
    """Yield the sharing flow, and requests that it refuses."""
    yield from numbered("member", [*_flows(), *_malformed(), *_by_caller()])


def _flows() -> Iterator[list[ApiRequest]]:
    yield [create(), _share(), _LIST, show("other"), _set(), show("other"), _LIST]
    yield [create(), _share(), _set("rejected"), _set("pending"), image_call("GET", _ONE)]
    yield [create(), _share(), _share(), _LIST]
    yield [create(), _share(), _REMOVE, _REMOVE, _LIST]
    yield [create(), _share(), _share(ADMINS), image_call("GET", _MEMBERS, None, "other"), _LIST]
    yield [create(), _share(user="admin"), _set(user="owner"), _set(user="admin"), _LIST]
    yield [create(), _set(), image_call("GET", _ONE), _REMOVE]
    for visibility in ("private", "community", "shared"):
        yield [create(visibility=visibility), _share(), _LIST, _REMOVE, _set()]


def _malformed() -> Iterator[list[ApiRequest]]:
    members: tuple[Any, ...] = (CREW, "x" * 255, "x" * 256, "", None, 1, [], "a b", "é", "a/b")
    for member in members:
        yield [create(), _share(member), _LIST]
    statuses = ("x", "", None, 1, "ACCEPTED")
    yield [create(), _share(), *(_set(each) for each in statuses), _LIST]
    bodies: tuple[Any, ...] = ({}, [], {"member_id": OTHERS}, b"", b"{")
    yield [create(), *(image_call("POST", _MEMBERS, each) for each in bodies)]
    yield [create(), image_call("POST", _MEMBERS, {"member": OTHERS, "x": 1}), _LIST]
    bodies = ({}, [], {"member": OTHERS}, b"", b"{", {"status": "accepted", "x": 1})
    yield [create(), _share(), *(image_call("PUT", _ONE, each, "other") for each in bodies)]


def _by_caller() -> Iterator[list[ApiRequest]]:
    for user in ("reader", "other", "admin", "none", "invalid", "unscoped:owner"):
        reads = [image_call("GET", path, None, user) for path in (_MEMBERS, _ONE)]
        yield [
            create(),
            _share(),
            *reads,
            _share(ADMINS, user),
            image_call("DELETE", _ONE, None, user),
        ]
    for image in _OLD_IMAGES:
        for method, rest, body in (
            *(("GET", "", None), ("POST", "", {"member": ADMINS}), ("GET", f"/{CREW}", None)),
            *(("PUT", f"/{CREW}", {"status": "x"}), ("DELETE", f"/{CREW}", None)),
        ):
            yield [image_call(method, f"/images/{image}/members{rest}", body)]


_TAGS = ("new", "t", "T", "%C3%A9", "a%20b", "a%2Fb", "x" * 255, "x" * 256, "%00", "%FF", "")
_MANY = [f"t{number}" for number in range(128)]


def tags() -> Iterator[Scenario]:
    """Yield requests that add and remove one tag."""
    rows: list[list[ApiRequest]] = [
        *([create(tags=["t"]), *_tag(each, "PUT", "PUT", "DELETE"), show()] for each in _TAGS),
        *([create(tags=["t"]), *_tag(each, "DELETE"), show()] for each in ("t", "T", "u")),
        *(
            [
                create(tags=["t"]),
                *_tag("u", "PUT", "DELETE", user=user),
                *_tag("t", "DELETE", user=user),
            ]
            for user in ("reader", "other", "admin", "none", "unscoped:owner")
        ),
        [create(tags=["t"]), image_call("PUT", f"{IMAGE}/tags/u", b"x"), show()],
        [create(), *_tag("%C3%A9", "PUT"), show()],
        [create(tags=_MANY), *_tag("t1", "PUT"), *_tag("u", "PUT"), show()],
        *(
            [image_call(method, f"/images/{image}/tags/u")]
            for image in _OLD_IMAGES
            for method in ("PUT", "DELETE")
        ),
    ]
    yield from numbered("tag", rows)


def _tag(tag: str, *methods: str, user: str = "owner") -> list[ApiRequest]:
    return [image_call(method, f"{IMAGE}/tags/{tag}", None, user) for method in methods]
