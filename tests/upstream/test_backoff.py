"""The delays between retries."""

from glimpse.upstream.backoff import retry_delay


def test_delays_double_up_to_a_second_and_are_random() -> None:
    delays = {retry: {retry_delay(retry) for _ in range(200)} for retry in (1, 2, 3, 50)}
    assert max(delays[1]) < min(delays[3])
    assert max(delays[50]) <= 1.0
    assert all(len(spread) > 100 for spread in delays.values())
