"""Responses that clients do not take: bounded in bytes over all connections."""

from glimpse.http.unsent import UnsentResponses


class Connection:
    def __init__(self) -> None:
        self.aborted = False

    def abort_response(self) -> None:
        self.aborted = True


def aborted(*connections: Connection) -> list[bool]:
    return [each.aborted for each in connections]


def test_the_connection_that_is_behind_for_the_longest_is_closed_first() -> None:
    unsent = UnsentResponses(most=100)
    first, second, third = Connection(), Connection(), Connection()
    unsent.add(first, 50)
    unsent.add(second, 50)
    assert aborted(first, second) == [False, False]
    unsent.add(third, 10)
    assert aborted(first, second, third) == [True, False, False]


def test_a_client_that_takes_its_response_slowly_is_behind_for_short_times_only() -> None:
    unsent = UnsentResponses(most=100)
    slow, stuck, new = Connection(), Connection(), Connection()
    unsent.add(slow, 50)
    unsent.add(stuck, 50)
    unsent.remove(slow)
    unsent.add(slow, 50)
    unsent.add(new, 10)
    assert aborted(slow, stuck, new) == [False, True, False]


def test_a_response_is_sent_whatever_its_size_where_no_other_waits() -> None:
    unsent = UnsentResponses(most=100)
    large = Connection()
    unsent.add(large, 1000)
    assert not large.aborted


def test_connections_that_have_ended_do_not_count() -> None:
    unsent = UnsentResponses(most=100)
    for _ in range(10):
        ended = Connection()
        unsent.add(ended, 60)
        unsent.remove(ended)
        unsent.remove(ended)
        assert not ended.aborted
