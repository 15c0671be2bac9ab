"""The only store is shown and named as in a real Glance with one store."""

import pytest

from tests.peers.conftest import ADMIN, USERS
from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers
DATA = {"Content-Type": "application/octet-stream"}
FORMATS = {"disk_format": "raw", "container_format": "bare"}


@pytest.mark.parametrize("user", [*(user.name for user in USERS), None])
def test_each_caller_sees_the_same_stores(services: ServicePair, user: str | None) -> None:
    services.image("GET", "/v2/info/stores", user=user).assert_alike()
    pair = services.image("GET", "/v2/info/stores/detail", user=user)
    assert pair.embedded.status == pair.real.status, pair
    if user == ADMIN.name:
        ((real,), (embedded,)) = (response.json()["stores"] for response in pair)
        for store in (real, embedded):
            assert store["properties"].pop("data_dir").startswith("/")
            assert store["properties"].pop("chunk_size") in (65_536, 131_072)
        assert embedded == real


@pytest.mark.parametrize("path", ["/v2/info", "/v2/info/stores/", "/v2/info/stores/x"])
def test_other_paths_have_the_same_response(services: ServicePair, path: str) -> None:
    services.image("GET", path).assert_alike()
    services.image("POST", path, {}).assert_alike()


def test_the_stores_of_an_image_are_shown_when_it_has_data(services: ServicePair) -> None:
    pair = services.image("POST", "/v2/images", FORMATS)
    name = "OpenStack-image-store-ids"
    # Once data was staged, Glance names its internal stores, too.
    assert pair.embedded.header(name) == str(pair.real.header(name)).partition(",")[0]
    path = f"/v2/images/{services.create(lot='stores', **FORMATS)}"
    for method, target, body in (
        ("PUT", f"{path}/file", b"abc"),
        ("POST", f"{path}/actions/deactivate", b""),
        ("POST", f"{path}/actions/reactivate", b""),
    ):
        for shown in (path, "/v2/images?lot=stores"):
            real, embedded = (response.json() for response in services.image("GET", shown))
            if "images" in real:
                ((real,), (embedded,)) = (real["images"], embedded["images"])
            assert embedded.get("stores") == real.get("stores")
        services.image(method, target, body, DATA).assert_alike()


@pytest.mark.parametrize("store", ["store", "nope", "", "STORE", "store,store", "a" * 300])
def test_the_store_of_an_upload_has_the_same_effect(services: ServicePair, store: str) -> None:
    path = f"/v2/images/{services.create(**FORMATS)}"
    named = {**DATA, "X-Image-Meta-Store": store}
    for user in ("owner", "stranger"):
        for target in (f"{path}/file", "/v2/images/nothing/file"):
            services.image("PUT", target, b"abc", named, user).assert_alike()
    services.image("PUT", f"{path}/file", b"abc", {**named, "Content-Type": "x/y"}).assert_alike()
    services.image("GET", path).assert_alike()


@pytest.mark.parametrize(
    "query", ["store", "nope", "", ",", "store,nope", "%20store%20,", "nope&prefer=store"]
)
def test_preferred_stores_of_a_download_have_the_same_effect(
    services: ServicePair, query: str
) -> None:
    path = f"/v2/images/{services.create(**FORMATS)}/file"
    services.image("GET", f"{path}?prefer={query}").assert_alike()
    services.image("PUT", path, b"abc", DATA).assert_alike()
    services.image("GET", f"{path}?prefer={query}").assert_alike()
    services.image("GET", f"{path}?prefer={query}", user="stranger").assert_alike()


@pytest.mark.parametrize("user", [*(user.name for user in USERS), None])
def test_the_removal_of_data_from_a_store_is_refused_alike(
    services: ServicePair, user: str | None
) -> None:
    queued, active = services.create(**FORMATS), services.create(**FORMATS)
    services.image("PUT", f"/v2/images/{active}/file", b"abc", DATA).assert_alike()
    for target in (f"store/{queued}", f"store/{active}", "store/nothing", f"nope/{active}"):
        services.image("DELETE", f"/v2/stores/{target}", user=user).assert_alike()
    services.image("POST", f"/v2/images/{active}/actions/deactivate", b"").assert_alike()
    services.image("DELETE", f"/v2/stores/store/{active}", user=user).assert_alike()
