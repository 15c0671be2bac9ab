"""The limit of unsent bytes of all connections."""

from glimpse.server.unsent_responses import UnsentResponses


class Connection:
    def __init__(self) -> None:
        self.aborted = False

    def abort_response(self) -> None:
        self.aborted = True


class Unsent(UnsentResponses):
    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(limit=100, limit_at_any_age=1000, clock=lambda: self.now)


def aborted(*connections: Connection) -> list[bool]:
    return [each.aborted for each in connections]


def test_the_connection_that_has_been_stuck_longest_is_closed_first() -> None:
    unsent = Unsent()
    first, second, third = Connection(), Connection(), Connection()
    unsent.add(first, 50)
    unsent.now = 1
    unsent.add(second, 50)
    unsent.now = 10
    assert aborted(first, second) == [False, False]
    unsent.add(third, 10)
    assert aborted(first, second, third) == [True, False, False]


def test_a_connection_whose_client_reads_slowly_stays_open() -> None:
    unsent = Unsent()
    slow, stuck, new = Connection(), Connection(), Connection()
    unsent.add(slow, 50)
    unsent.add(stuck, 50)
    unsent.now = 10
    unsent.remove(slow)
    unsent.add(slow, 50)
    unsent.add(new, 60)
    assert aborted(slow, stuck, new) == [False, True, False]


def test_connections_that_are_not_stuck_stay_open_above_the_limit() -> None:
    unsent = Unsent()
    many = [Connection() for _ in range(10)]
    for connection in many:
        unsent.add(connection, 60)
    assert not any(aborted(*many))
    unsent.now = 10
    unsent.close_slow()
    assert aborted(*many) == [True] * 9 + [False]


def test_above_the_second_limit_the_oldest_connection_is_closed_at_any_age() -> None:
    unsent = Unsent()
    first, second, third = Connection(), Connection(), Connection()
    unsent.add(first, 500)
    unsent.add(second, 500)
    assert aborted(first, second) == [False, False]
    unsent.add(third, 10)
    assert aborted(first, second, third) == [True, False, False]


def test_removed_connections_do_not_count() -> None:
    unsent = Unsent()
    for _ in range(10):
        ended = Connection()
        unsent.add(ended, 60)
        unsent.remove(ended)
        unsent.remove(ended)
        unsent.now += 10
        assert not ended.aborted
