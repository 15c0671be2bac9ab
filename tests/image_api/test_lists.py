"""The Image API filters and sorts lists, and sends them page by page."""

from collections.abc import AsyncGenerator

import pytest
from starlette.types import Receive, Scope, Send

from glimpse.embedded.service import EmbeddedImageService
from glimpse.http.request_middleware import RequestMiddleware, ResponseAborted
from glimpse.http.service_urls import ServicePorts
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.image_api import image_api
from glimpse.images import Caller, ImageQuery, Page, image_from_document
from glimpse.images.errors import Unavailable
from tests.embedded.images import document
from tests.image_api.conftest import MEBIBYTE, Api
from tests.support.asgi import send_request
from tests.support.parameter_ids import parameter_id


def test_paging_by_next_visits_every_image_once(api: Api) -> None:
    created = [api.create(lot="paging")["id"] for _ in range(7)]
    seen: list[str] = []
    path: str | None = "/v2/images?limit=3&lot=paging"
    while path:
        response = api("GET", path)
        assert response.status == 200, str(response)
        page = response.json()
        assert page["first"] == "/v2/images?limit=3&lot=paging"
        assert page["schema"] == "/v2/schemas/images"
        seen += [image["id"] for image in page["images"]]
        path = page.get("next")
    assert sorted(seen) == sorted(created)


def test_links_have_the_last_of_repeated_parameters_but_all_tags_and_sort_keys(api: Api) -> None:
    for _ in range(2):
        api.create(lot="links", tags=["t", "u"])
    query = "lot=other&lot=links&limit=5&limit=1&tag=t&tag=u&sort_key=name&sort_key=id"
    page = api("GET", f"/v2/images?{query}").json()
    counting = "lot=links&limit=1&tag=t&tag=u&sort_key=name&sort_key=id"
    assert page["first"] == f"/v2/images?{counting}"
    assert page["next"] == f"/v2/images?{counting}&marker={page['images'][0]['id']}"


def test_a_tag_is_found_in_any_case(api: Api) -> None:
    image = api.create(lot="tagged", tags=["Debian"])
    for tag in ("debian", "DEBIAN", "Debian%20"):
        found = api("GET", f"/v2/images?lot=tagged&tag={tag}").json()["images"]
        assert found == [image], tag


def test_default_limit_is_25(api: Api) -> None:
    for _ in range(26):
        api.create(lot="many")
    response = api("GET", "/v2/images?lot=many")
    assert len(response.json()["images"]) == 25
    assert "next" in response.json()
    assert len(api("GET", "/v2/images?lot=many&limit=5000").json()["images"]) == 26
    assert api("GET", "/v2/images?limit=0").json()["images"] == []


def test_a_list_has_the_same_documents_as_single_images(api: Api) -> None:
    image = api.create(name="listed", lot="shown", colour="red")
    assert api("GET", "/v2/images?lot=shown").json()["images"] == [image]


def test_images_are_sorted_as_requested(api: Api) -> None:
    for name in ("b", "c", "a"):
        api.create(name=name, lot="sorted")
    response = api("GET", "/v2/images?lot=sorted&sort=name:asc")
    assert [image["name"] for image in response.json()["images"]] == ["a", "b", "c"], str(response)


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        f"limit={'9' * 5000}",
        "marker=nobody",
        "sort_key=colour",
        "sort=name:up",
        "visibility=secret",
        "member_status=x",
        "created_at=yesterday",
        "changes-since=2020-01-01",
        "name=%FF",
        "name=%00",
        'name=in:"a',
    ],
    ids=parameter_id,
)
def test_invalid_query_is_400(api: Api, query: str) -> None:
    response = api("GET", f"/v2/images?{query}")
    assert response.status == 400, str(response)


async def test_list_that_fails_after_its_beginning_was_sent_is_aborted(
    service: EmbeddedImageService,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def list_images(_caller: Caller, _query: ImageQuery) -> AsyncGenerator[Page, None]:
        yield Page([image_from_document(document(large="x" * (MEBIBYTE + 1)))], is_last=False)
        raise Unavailable("The catalog cannot be read.")

    monkeypatch.setattr(service, "list_images", list_images)
    api = RequestMiddleware(
        image_api(service, NoAuthIdentity()),
        ports=ServicePorts(8774),
        trust_proxy_headers=False,
        access_log=False,
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # With version 2.4, Starlette does not poll receive(), which would never block in this test.
        await api({**scope, "asgi": {"version": "3.0", "spec_version": "2.4"}}, receive, send)

    with pytest.raises(ResponseAborted):
        await send_request(app, "GET", "/v2/images", {"X-Auth-Token": "demo"})
    (record,) = caplog.records
    assert record.getMessage() == "GET /v2/images was cut short: The catalog cannot be read."
