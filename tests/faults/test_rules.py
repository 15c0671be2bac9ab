"""Rules: which requests match, which of them have the fault, and what a rule may have."""

import pytest

from glimpse.faults.active_faults import ActiveFault, ActiveFaults
from glimpse.faults.rules import FaultRule, InvalidRule, RequestFacts, parse_rule, render_rule
from glimpse.seed.operation_names import OPERATION_NAMES

REQUEST = RequestFacts(
    "GET",
    "/image/v2/images",
    "image.list_images",
    {"user-agent": "openstacksdk/4.0 python-requests/2", "x-test": "yes"},
    ("5f2a", "red"),
)


def parse(document: object) -> FaultRule:
    return parse_rule(document, OPERATION_NAMES)


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"operation": "image.list_images"},
        {"operation": "image.*", "method": "GET"},
        {"path": "/image/*"},
        {"project": "red"},
        {"project": "5f2a"},
        {"user_agent": "openstacksdk/*"},
        {"headers": {"X-Test": "y?s"}},
        {"headers": {"X-Test": "*"}},
        {"headers": {"X-Other": ""}},
    ],
)
def test_a_rule_matches_requests_that_have_all_it_names(match: dict[str, object]) -> None:
    assert parse({"delay": 1, **match}).matches(REQUEST)


@pytest.mark.parametrize(
    "match",
    [
        {"operation": "list_images"},
        {"operation": "image.*", "method": "POST"},
        {"path": "/image"},
        {"path": "/IMAGE/*"},
        {"project": "blue"},
        {"project": "r*"},
        {"user_agent": "terraform*"},
        {"headers": {"X-Test": "yes", "X-Other": "?*"}},
        {"headers": {"X-Other": "*"}},
        {"headers": {"X-Test": ""}},
    ],
)
def test_a_rule_does_not_match_other_requests(match: dict[str, object]) -> None:
    assert not parse({"delay": 1, **match}).matches(REQUEST)


def test_any_user_agent_is_not_that_of_a_request_without_one() -> None:
    without = RequestFacts("GET", "/image/v2/images", "image.list_images", {})
    assert not parse({"delay": 1, "user_agent": "*"}).matches(without)


@pytest.mark.parametrize("effect", [{"cut_after": 0}, {"status": 503, "retry_after": 0}])
def test_a_zero_is_a_value(effect: dict[str, int]) -> None:
    assert render_rule(parse(effect)) == effect


@pytest.mark.parametrize(
    ("count", "with_fault"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"first": 2}, [1, 2]),
        ({"skip": 3}, [4, 5, 6, 7, 8]),
        ({"skip": 3, "first": 2}, [4, 5]),
        ({"every": 3}, [3, 6]),
        ({"skip": 1, "every": 3}, [4, 7]),
    ],
)
def test_matching_requests_are_counted(count: dict[str, int], with_fault: list[int]) -> None:
    fault = ActiveFault("1", parse({"status": 503, **count}))
    assert [number for number in range(1, 9) if fault.count_match()] == with_fault
    assert fault.matched == 8


def test_a_rate_limit_allows_so_many_requests_in_any_period() -> None:
    fault = ActiveFault("1", parse({"rate_limit": 2, "rate_seconds": 10}))
    waits = [fault.count_against_rate_limit(now) for now in (100, 104, 105, 109.5, 110, 111, 114)]
    assert waits == [0, 0, 5, 1, 0, 3, 0]


def test_a_reset_leaves_the_rules_of_the_seed_with_new_counts() -> None:
    faults = ActiveFaults([FaultRule(status=500, first=1)])
    added = faults.add(FaultRule(status=503))
    assert [each.rule.status for each in faults.count_and_select(REQUEST)] == [500, 503]
    assert [each.rule.status for each in faults.count_and_select(REQUEST)] == [503]
    faults.reset()
    assert faults.get(added.id) is None
    assert [each.rule.status for each in faults.count_and_select(REQUEST)] == [500]
    faults.clear()
    assert not faults


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "an object is expected."),
        ({"operation": "other"}, "a fault is expected: delay, or one of status"),
        ({"reset_connection": False}, "a fault is expected"),
        ({"stauts": 1}, "stauts: this key is unknown: did you mean status?"),
        ({"status": 99}, "status: an integer from 200 to 599 is expected."),
        ({"status": True}, "status: an integer from"),
        ({"status": 503, "cut_after": 1}, "cut_after: it cannot be used together with status."),
        ({"status": 503, "first": 1, "every": 2}, "every: it cannot be used together with first."),
        ({"status": 503, "headers": {"a": 1}}, "headers: a mapping of names to texts"),
        ({"status": 503, "response_headers": {"a": "b\r\nc: d"}}, "response_headers: texts of"),
        ({"status": 503, "response_headers": {"": "b"}}, "response_headers: names of letters"),
        ({"status": 503, "response_headers": {"a b": "c"}}, "response_headers: names of letters"),
        ({"status": 503, "response_headers": {"é": "c"}}, "response_headers: names of letters"),
        (
            {"status": 503, "response_headers": {"Content-Length": "5"}},
            "response_headers: Content-Length cannot be set: it says where the response ends.",
        ),
        ({"status": 503, "response_headers": {"transfer-encoding": "chunked"}}, "response_headers"),
        ({"status": 503, "path": ""}, "path: text is expected."),
        ({"delay": 1, "body": "no"}, "body: it has no effect without status or rate_limit."),
        ({"cut_after": 1, "response_headers": {"a": "b"}}, "response_headers: it has no effect"),
        ({"retry_after": 1}, "retry_after: it has no effect without status or rate_limit."),
        ({"status": 503, "rate_seconds": 2}, "rate_seconds: it has no effect without rate_limit."),
        (
            {"operation": "image.list_*", "saving_for": 1},
            "saving_for: it has no effect on other operations than image.upload_data, image.import",
        ),
        ({"method": "P*", "stale_for": 1}, "stale_for: it has no effect on other methods than GET"),
        ({"delay": -1}, "delay: more than 0 and up to 3600 seconds"),
        ({"delay": "1"}, "delay: a number of seconds is expected."),
        ({"delay": float("nan")}, "delay: more than 0"),
        ({"reset_connection": 1}, "reset_connection: true or false is expected."),
        ({"status": 503, "body": "\ud800"}, "body: text or JSON is expected."),
        ({"status": 503, "path": "image/*"}, "path: a path starts with /: begin it with / or *."),
    ],
)
def test_an_invalid_rule_is_refused(document: object, message: str) -> None:
    with pytest.raises(InvalidRule) as caught:
        parse(document)
    assert str(caught.value).startswith(message), str(caught.value)


def test_a_rule_is_rendered_as_it_was_given() -> None:
    document = {"operation": "image.*", "first": 2, "status": 503, "body": "later", "delay": 0.5}
    assert render_rule(parse(document)) == document


@pytest.mark.parametrize(
    ("match", "message"),
    [
        (
            {"operation": "list_imagse"},
            "operation: no operation matches it: did you mean list_images?",
        ),
        ({"operation": "image.get_image"}, "... did you mean image.show_image?"),
        ({"operation": "image.get_images"}, "... did you mean image.list_images?"),
        ({"operation": "image.list_image"}, "... did you mean image.list_images?"),
        ({"operation": "glance.list_images"}, "... did you mean image.list_images?"),
        ({"operation": "image.get_*"}, "... did you mean image.show_*?"),
        ({"operation": "get_image"}, "... did you mean show_image?"),
        ({"operation": "image.show"}, "... did you mean image.show_image?"),
        ({"operation": "image.create_member"}, "... did you mean image.add_member?"),
        ({"operation": "image.upload_image"}, "... did you mean image.upload_data?"),
        ({"operation": "download"}, "... did you mean image.download_data?"),
        ({"operation": "identity.login"}, "... did you mean identity.issue?"),
        ({"operation": "createImage"}, "... did you mean run_action?"),
        ({"operation": "upload_data"}, "... did you mean image.upload_data?"),
        ({"operation": "Image.List_Images"}, "... did you mean image.list_images?"),
        ({"operation": "imgae.*"}, "... did you mean image.*?"),
        ({"operation": "identity.isue"}, "... did you mean identity.issue?"),
        (
            {"operation": "qqq"},
            "... they are named like list_images, image.list_images and identity.issue.",
        ),
        ({"operation": "image.show_image*e"}, "... did you mean image.show_image?"),
        ({"method": "get"}, "method: no method matches it: did you mean GET?"),
        ({"method": "X*"}, "they are GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS."),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused(match: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRule) as caught:
        parse({"status": 503, **match})
    assert str(caught.value).endswith(message.removeprefix("... ")), str(caught.value)


@pytest.mark.parametrize(
    "operation", ["run_action", "show_version", "image.*", "*", "*list*", "identity.other", "other"]
)
def test_a_pattern_that_matches_an_operation_is_used(operation: str) -> None:
    assert parse({"status": 503, "operation": operation}).operation == operation


def test_all_problems_of_a_rule_are_reported_together() -> None:
    with pytest.raises(InvalidRule) as caught:
        parse({"operation": "lst_images", "staus": 503, "first": 0})
    assert [key for key, _ in caught.value.problems] == ["staus", "first", "operation"]
