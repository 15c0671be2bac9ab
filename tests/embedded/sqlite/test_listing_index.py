"""The keys and positions of images in the listing index."""

from array import array

import pytest

from glimpse.embedded.sqlite.listing_index import (
    facets_for,
    indexed_facets,
    key_of,
    keys_of,
    listing_rows,
    position_of,
    scopes_for,
    scopes_of,
)
from glimpse.images import Image, ImageQuery, image_from_document
from tests.embedded.images import ADMIN, OWNER, document

ID = "00000000-0000-4000-8000-000000000000"


def image(**changes: object) -> Image:
    return image_from_document(document(**changes))


def test_positions_order_by_date_then_by_id() -> None:
    dates = ["0001-01-01T00:00:00Z", "2024-02-01T10:20:30Z", "2024-02-01T10:20:31Z"]
    positions = [
        position_of(date, image_id)
        for date in dates
        for image_id in (ID, f"8{ID[1:]}", f"f{ID[1:]}")
    ]
    assert positions == sorted(set(positions))
    assert all(-(2**63) <= each < 2**63 for each in positions)


def test_a_list_finds_an_image_in_a_scope_of_its_caller() -> None:
    shared = image(visibility="shared", owner="another")
    scopes = scopes_of(shared, {"owner": "accepted"})
    assert set(scopes) & set(scopes_for(OWNER, ImageQuery()))
    assert set(scopes) & set(scopes_for(ADMIN, ImageQuery()))
    assert not set(scopes_of(shared, {})) & set(scopes_for(OWNER, ImageQuery()))


@pytest.mark.parametrize("status", ["killed", "deleted"])
def test_an_image_that_is_never_listed_has_no_keys(status: str) -> None:
    assert keys_of(image(status=status), {}) == set()


def test_a_list_finds_an_image_under_each_of_its_facets() -> None:
    keys = keys_of(image(name="Näme", os_type="linux"), {})
    queries = [
        ImageQuery(),
        ImageQuery(names=("NAME",)),
        ImageQuery(statuses=("active",)),
        ImageQuery(properties={"OS_type": "Linux "}),
    ]
    scopes = scopes_for(OWNER, ImageQuery())
    for query in queries:
        (facets,) = facets_for(query)
        assert keys & {key_of(scope, facet) for scope in scopes for facet in facets}, query


def test_many_names_are_not_looked_up_in_the_index() -> None:
    names = tuple(map(str, range(201)))
    assert indexed_facets(ImageQuery(names=names[:200])) != [[""]]
    assert indexed_facets(ImageQuery(names=names)) == [[""]]


def test_rows_for_many_images_are_sorted_and_have_consecutive_numbers() -> None:
    records: list[tuple[Image, dict[str, str]]] = [(image(), {}), (image(visibility="public"), {})]
    flat = listing_rows(records, 7)
    assert isinstance(flat, array)
    rows = [tuple(flat[start : start + 3]) for start in range(0, len(flat), 3)]
    assert rows == sorted(rows)
    for number, (each, members) in enumerate(records, 7):
        position = position_of(each.created_at, each.id)
        assert {row[0] for row in rows if row[1:] == (position, number)} == keys_of(each, members)
