"""Query parameters for Glance are parsed by the Image API to the same query."""

from hypothesis import assume, given
from hypothesis import strategies as st

from glimpse.glance.query_parameters import query_parameters
from glimpse.image_api.list_query import parse_filters
from glimpse.images import DateBound, ImageQuery, Sort
from glimpse.images.errors import Invalid

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LISTS = st.text(st.sampled_from('ab ,:"\\')).map("in:".__add__)  # quotes anywhere, also escaped


@given(TEXT)
def test_any_name_is_parsed_back_to_itself(name: str) -> None:
    query = ImageQuery(names=(name,))
    assert parse_filters(query_parameters(query)) == query


@given(LISTS)
def test_any_list_of_names_is_parsed_back_to_itself(value: str) -> None:
    try:
        query = parse_filters([("name", value)])
    except Invalid:
        assume(False)  # noqa: FBT003  hypothesis has it so
    assert parse_filters(query_parameters(query)) == query


def test_all_other_filters_are_parsed_back_to_themselves() -> None:
    query = ImageQuery(
        statuses=("queued", "saving"),
        visibility="public",
        member_status="all",
        os_hidden=True,
        protected=False,
        min_ram=5,
        size_max=9,
        updated_at=DateBound("gte", "2024-01-01T00:00:00Z"),
        tags=("a", "b"),
        properties={"os_distro": "debian"},
        sort=(Sort("name", "asc"),),
    )
    assert parse_filters(query_parameters(query)) == query
