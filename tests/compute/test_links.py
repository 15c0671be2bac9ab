"""Links of the Compute API: the operator's prefixes."""

from glimpse.compute.links import LinkPrefixes, make_link_bases, with_prefix


def test_a_link_prefix_replaces_scheme_and_host_and_keeps_the_path() -> None:
    assert with_prefix("http://10.0.0.1:8774/a", "https://api/compute") == "https://api/compute/a"


def test_links_have_the_prefixes_and_the_parts_of_the_path() -> None:
    prefixes = LinkPrefixes("https://api/compute", None)
    bases = make_link_bases("http://10.0.0.1:8774", "/v2.1", "p1", "http://glance/", prefixes)
    assert bases == ("https://api/compute/v2.1/p1", "https://api/compute/p1", "http://glance")
