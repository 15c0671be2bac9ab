"""Faults: the faults that a cloud injects on request of a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from glimpse.testing.control_client import ControlClient


@dataclass(frozen=True)
class Fault:
    """A fault of a cloud: its id and its rule. It can be used as a context manager, too."""

    id: str
    rule: Mapping[str, Any]
    control: ControlClient

    @property
    def matched(self) -> int:
        """How many requests have matched the rule until now."""
        return int(self._show()["matched"])

    @property
    def applied(self) -> int:
        """How many requests have had the fault until now."""
        return int(self._show()["applied"])

    def remove(self) -> None:
        """End the fault. Raises ControlFailed if it has ended."""
        self.control.call("DELETE", f"/faults/{self.id}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _show(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.control.call("GET", f"/faults/{self.id}")
        return shown


class Faults:
    """The faults of a cloud. docs/testing.md has the keys of rules."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def add(self, **rule: Any) -> Fault:
        """Begin a fault: ``add(operation="image.*", first=2, status=503, retry_after=1)``.

        Raises ControlFailed for a rule that cannot be used; the message says why.
        """
        return self._fault(self._control.call("POST", "/faults", rule))

    def list(self) -> list[Fault]:
        """Return all faults, the oldest first: those of the seed, and those that were added."""
        return [self._fault(each) for each in self._control.call("GET", "/faults")["faults"]]

    def clear(self) -> None:
        """End all faults, also those of the seed."""
        self._control.call("DELETE", "/faults")

    def _fault(self, document: Mapping[str, Any]) -> Fault:
        counts = ("id", "matched", "applied")
        rule = {key: value for key, value in document.items() if key not in counts}
        return Fault(document["id"], rule, self._control)
