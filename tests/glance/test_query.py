"""The parameters that Glance is asked with, read back by the same language's parser."""

from hypothesis import given
from hypothesis import strategies as st

from glimpse.glance.query import parameters
from glimpse.images import DateBound, ImageQuery, Sort, parse_filters

VALUES = st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1).map(tuple)


@given(VALUES)
def test_any_names_come_back_as_they_were(names: tuple[str, ...]) -> None:
    query = ImageQuery(names=names)
    assert parse_filters(parameters(query)) == query


def test_every_other_filter_comes_back_as_it_was() -> None:
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
    assert parse_filters(parameters(query)) == query
