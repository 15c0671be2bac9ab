"""Faults: adds, lists and removes the faults of a cloud. Fault: one fault of a cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self

from glimpse.testing.control_client import ControlClient, ControlFailed


@dataclass(frozen=True)
class Fault:
    """A fault of a cloud, with its id and its rule. `Faults` makes the objects.

    ``rule`` has the keys that the rule sets. A ``with`` statement removes the fault at its end. All
    methods raise ControlFailed if the cloud does not respond.
    """

    id: str
    rule: Mapping[str, Any]
    control: ControlClient = field(repr=False)

    @property
    def matched(self) -> int:
        """How many requests have matched the rule until now.

        Raises ControlFailed if the fault has been removed, also by `Cloud.reset`.
        """
        return int(self._show()["matched"])

    @property
    def applied(self) -> int:
        """How many requests the fault has changed until now.

        A request is counted before its client can see the change. These requests do not count:

        - requests that ``skip``, ``first`` or ``every`` left out
        - requests that the fault did not change (``rate_limit`` allowed the request, for example)
        - requests that another fault changed instead, unless this fault delayed them

        Raises ControlFailed if the fault has been removed, also by `Cloud.reset`.
        """
        return int(self._show()["applied"])

    def remove(self) -> None:
        """Remove the fault, so that no later request has it.

        Does nothing if the fault has been removed already, also by `Cloud.reset`.
        """
        try:
            self.control.call("DELETE", f"/faults/{self.id}")
        except ControlFailed as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _show(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.control.call("GET", f"/faults/{self.id}")
        return shown


class Faults:
    """The faults of a cloud: adds, lists and removes them.

    All methods raise ControlFailed if the cloud does not respond.
    """

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def add(self, **rule: Any) -> Fault:
        """Add a fault: ``add(operation="image.*", first=2, status=503, retry_after=1)``.

        docs/testing.md lists the keys of a rule. The fault is in effect when this method returns.
        Raises ControlFailed if the rule cannot be used; the message says why. Raises TypeError if a
        value of the rule cannot be written as JSON.
        """
        __tracebackhide__ = True  # pytest shows the test's line as the place of the error
        return self._fault(self._control.call("POST", "/faults", rule))

    def list(self) -> list[Fault]:
        """Return all faults, those of the seed and those added later, the oldest first."""
        return [self._fault(each) for each in self._control.call("GET", "/faults")["faults"]]

    def clear(self) -> None:
        """Remove all faults, also the faults of the seed."""
        self._control.call("DELETE", "/faults")

    def _fault(self, document: Mapping[str, Any]) -> Fault:
        counts = ("id", "matched", "applied")
        rule = {key: value for key, value in document.items() if key not in counts}
        return Fault(document["id"], rule, self._control)
