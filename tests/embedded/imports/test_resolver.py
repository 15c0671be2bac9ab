"""Names are looked up in threads, without a search domain."""

import asyncio
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from glimpse.embedded.imports.errors import ImportFailed
from glimpse.embedded.imports.resolver import SystemResolver

# A program whose look-up of a name never ends
HANGING = """
import asyncio, socket, threading
from glimpse.embedded.imports.resolver import ImportFailed, SystemResolver
socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
try:
    asyncio.run(SystemResolver(0.05).resolve("slow.example"))
except ImportFailed as error:
    print(error)
"""


async def test_the_system_resolves_names_without_a_search_domain() -> None:
    resolver = SystemResolver(5.0)
    assert ip_address("127.0.0.1") in await resolver.resolve("localhost")
    for name in ("nothing.invalid", "a" * 64, ""):
        with pytest.raises(ImportFailed):
            await resolver.resolve(name)


class SlowNames:
    """Look-ups that hang until ``stop`` is set, and then find 127.0.0.1.

    ``begun`` has their names.
    """

    def __init__(self) -> None:
        self.begun = queue.SimpleQueue[str]()
        self.stop = threading.Event()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[object]:
        self.begun.put(host)
        self.stop.wait(10)
        return [(None, None, None, None, ("127.0.0.1", 0))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNames]:
    made = SlowNames()
    monkeypatch.setattr("socket.getaddrinfo", made.getaddrinfo)
    yield made
    made.stop.set()


@pytest.mark.usefixtures("names")
async def test_a_look_up_that_hangs_fails_in_time() -> None:
    with pytest.raises(ImportFailed, match="resolved"):
        await SystemResolver(0.05).resolve("slow.example")


async def test_a_fifth_look_up_waits_until_another_ends_also_if_nobody_waits_for_that(
    names: SlowNames,
) -> None:
    resolver = SystemResolver(20.0)
    tasks = [asyncio.create_task(resolver.resolve(f"slow{n}.example")) for n in range(5)]
    first = [await asyncio.to_thread(names.begun.get, timeout=10) for _ in range(4)]
    assert sorted(first) == [f"slow{n}.example." for n in range(4)]
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    assert names.begun.empty()
    names.stop.set()
    assert await asyncio.gather(*tasks[1:]) == [[ip_address("127.0.0.1")]] * 4


async def test_look_ups_fail_while_no_thread_can_be_started_and_work_afterwards(
    names: SlowNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    resolver = SystemResolver(5.0)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        for _ in range(5):
            with pytest.raises(ImportFailed, match="resolved"):
                await resolver.resolve("example.com")
    names.stop.set()
    assert await resolver.resolve("example.com") == [ip_address("127.0.0.1")]


def test_a_look_up_that_hangs_does_not_delay_the_exit_of_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], check=True, capture_output=True, text=True, timeout=30
    )
    assert "cannot be resolved" in done.stdout, done.stderr
