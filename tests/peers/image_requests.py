"""Strategies for requests: reads with filters, limits, markers, ids; writes of metadata.

About half of the values of filters are those of an image, so that many lists are not empty.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.peers.gateway_pair import PairedRequest
from tests.peers.odd_images import (
    FOUR_BYTES,
    GUEST,
    KEYS,
    STATUSES,
    SYSTEM,
    TEXTS,
    USERS,
    Document,
    image_id,
    make_images,
)

Texts = st.SearchStrategy[str]
Requests = st.SearchStrategy[PairedRequest]

_IMAGES = make_images(four_bytes=True)
_OWN_KEYS = frozenset((*KEYS, "lot"))  # properties that many images have
_CHARACTERS = st.characters(codec="utf-8")


def _often(*values: str, seldom: tuple[str, ...] = ()) -> Texts:
    """Return a strategy for `values`, each four times as frequent as a text of `seldom`."""
    return st.sampled_from([*values * 4, *seldom])


def _word(own: str) -> Texts:
    """Return a strategy for values of filters: `own` is that of an image."""
    words = st.one_of(
        st.just(own),
        st.sampled_from((*TEXTS, *FOUR_BYTES, *(f"image {number}" for number in range(7)))),
        st.text(_CHARACTERS, max_size=4),
    )
    changes = _often("{}", seldom=("{} ", " {}", "eq:{}", "in:{},abc", "{},plain", "{}\0"))
    changed = st.builds(str.format, changes, words)
    return st.one_of(words, words, changed, words.map(str.upper))


_NUMBERS = st.one_of(
    st.sampled_from(("0", "1", "2", "64", "128", "2147483647", "2147483648", "9007199254740993")),
    st.sampled_from(("-1", "abc", "1.5", "", " 1", "1e2", "9223372036854775808")),
    st.integers(0, 2000).map(str),
)
_DATES = st.one_of(
    st.builds("2024-0{}-01T1{}:{:02}:3{}Z".format, *map(st.integers, (2, 0, 0, 0), (3, 1, 59, 2))),
    st.sampled_from(
        (
            *("2024-03-01T11:30:31", "2024-03-01", "2024-03-01T13:30:31+02:00", "yesterday"),
            *("2024-03-01 11:30:31", "2099-01-01T00:00:00Z", "", "0001-01-01T00:00:00Z"),
        )
    ),
)
_DATE_BOUNDS = st.builds("{}{}".format, _often("", "gt:", "lte:", seldom=("neq:", "x:")), _DATES)
_STATUSES = _often(
    *("ACTIVE", "active"),
    seldom=(*STATUSES, "deleted", "", "SAVING", "DELETED", "Active", "UNKNOWN", "ERROR", "in:a,b"),
)
_LIMITS = _often("1", "2", "3", "7", seldom=("25", "999", "1000", "1001", "0", "-1", "x", ""))
_IDS = st.one_of(
    st.integers(0, len(_IMAGES) - 1).map(image_id),
    st.integers(0, len(_IMAGES) - 1).map(image_id),
    st.integers(0, len(_IMAGES) - 1).map(image_id).map(str.upper),
    st.sampled_from((image_id(0xDEAD), "x", "é", "\U0001f600", f"{image_id(1)} ", "a" * 37)),
)
_PROJECTS = st.sampled_from([user.project_id for user in USERS])
_BOOLEANS = st.sampled_from(("true", "false", "True", "x", ""))
# Filters whose values are independent of the image
_FILTERS: Mapping[str, Texts] = {
    "status": _STATUSES,
    "minRam": _NUMBERS,
    "minDisk": _NUMBERS,
    "changes-since": _DATES,
    "type": st.sampled_from(("snapshot", "base", "SNAPSHOT", "x")),
    "server": st.sampled_from((image_id(0xF00), f"http://h/v2/servers/{image_id(0xF00)}", "")),
    "limit": _LIMITS,
    "marker": _IDS,
    "visibility": st.sampled_from(("public", "community")),
    "page_size": _LIMITS,
    "property-visibility": _often("public", "community", "private", "shared", "all", seldom=("",)),
    "property-member_status": st.sampled_from(("all", "pending", "rejected", "accepted", "x")),
    "property-owner": _PROJECTS,
    "property-os_hidden": _BOOLEANS,
    "property-protected": _BOOLEANS,
    "property-tag": st.sampled_from(("a", "b", 'q"', "A", "", *FOUR_BYTES)),
    "property-id": st.one_of(
        _IDS, st.lists(_IDS, max_size=3).map(lambda ids: f"in:{','.join(ids)}")
    ),
    "property-size": _NUMBERS,
    "property-size_min": _NUMBERS,
    "property-size_max": _NUMBERS,
    "property-virtual_size": _NUMBERS,
    "property-created_at": _DATE_BOUNDS,
    "property-updated_at": _DATE_BOUNDS,
    "property-disk_format": st.sampled_from(("raw", "in:raw,qcow2", "RAW", "")),
    "property-checksum": st.sampled_from(("0" * 32, "")),
    "property-status": _STATUSES,
    "property-sort_key": st.sampled_from(("name", "size", "x")),
    "property-marker": _IDS,
    "property-limit": _LIMITS,
}
# Names of parameters, as often as they are drawn; "first" and "second" stand for properties
_NAMES = (
    *("name",) * 5,
    *("first",) * 8,
    *("second",) * 4,
    *("limit", "marker", "status", "property-visibility") * 2,
    *_FILTERS,
)
_USERS = _often(
    *(user.name for user in USERS if user not in (GUEST, SYSTEM)),
    seldom=(GUEST.name, SYSTEM.name),
)
_SERVED_VERSIONS = st.sampled_from((None, None, "2.1", "2.19", "2.35"))
_OTHER_VERSIONS = st.sampled_from(("2.36", "2.38", "2.39", "latest", "9.99"))


@st.composite
def _query(draw: st.DrawFn) -> str:
    """Draw one to three parameters of different names; some have the values of one image."""
    image: Document = draw(st.sampled_from(_IMAGES))
    properties = sorted(image.keys() & _OWN_KEYS)
    keys = st.sampled_from((*properties * 3, *KEYS, "KEY1", "min_ram", "none", "lot"))
    pairs = []
    for name in draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True)):
        if name in ("first", "second"):
            key = draw(keys)
            pairs.append((f"property-{key}", draw(_word(str(image.get(key) or "")))))
        elif name == "name":
            pairs.append((name, draw(_word(image["name"] or ""))))
        else:
            pairs.append((name, draw(_FILTERS[name])))
    return urlencode(pairs, quote_via=quote, safe="")


@st.composite
def reads(draw: st.DrawFn) -> PairedRequest:
    """Draw a request of one of USERS that reads images."""
    user = draw(_USERS)
    method = draw(_often(*["GET"] * 6, seldom=("HEAD",)))
    is_served = draw(st.integers(0, 19)) < 19
    version = draw(_SERVED_VERSIONS if is_served else _OTHER_VERSIONS)
    target = draw(_often("/v2.1/images", seldom=("/v2/images",)))
    kind = draw(_often("list", "list", "detail", "image", seldom=("all", "metadata")))
    if kind == "detail":
        target += "/detail"
    if kind in ("list", "detail"):
        target += f"?{draw(_query())}"
    if kind in ("image", "metadata"):
        target += f"/{quote(draw(_IDS), safe='')}"
    if kind == "metadata":
        keys = st.sampled_from((*KEYS, "lot", "none"))
        items = keys.map(lambda key: f"/{quote(key, safe='')}")
        target += "/metadata" + draw(st.one_of(st.just(""), items))
    return PairedRequest(user, method, target, version=version)


@st.composite
def writes(draw: st.DrawFn, written: str) -> PairedRequest:
    """Draw a request of one of USERS that changes metadata of the image with the id `written`."""
    user, path = draw(_USERS), f"/v2.1/images/{written}/metadata"
    key, word = draw(st.sampled_from(KEYS)), _word("value")
    item = f"{path}/{quote(key, safe='')}"
    kind = draw(st.sampled_from(("item", "delete", "create", "replace")))
    if kind == "delete":
        return PairedRequest(user, "DELETE", item)
    if kind == "item":
        return PairedRequest(user, "PUT", item, {"meta": {key: draw(word)}})
    metadata: dict[str, Any] = draw(st.dictionaries(st.sampled_from(KEYS), word, max_size=4))
    method = "POST" if kind == "create" else "PUT"
    return PairedRequest(user, method, path, {"metadata": metadata})
