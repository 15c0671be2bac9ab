"""The next link of a list: its parameters and their order."""

from glimpse.compute.next_link import NextLink


def test_the_marker_replaces_the_one_of_the_request_among_sorted_parameters() -> None:
    parameters = (("name", "a b"), ("marker", "first"), ("limit", "2"))
    next_link = NextLink("http://host/v2.1/images", parameters)
    assert next_link.render("last") == [
        {"rel": "next", "href": "http://host/v2.1/images?limit=2&marker=last&name=a+b"}
    ]
    assert next_link.render("other")[0]["href"].endswith("?limit=2&marker=other&name=a+b")
