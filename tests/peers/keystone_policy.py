"""Evaluates Keystone's default policy: run it with the Python of the installed Keystone.

Reads a JSON list of cases from standard input, each a list of an action, credentials and a target.
Writes a JSON list with true for each case that is allowed.
"""

import json
import sys
from typing import Any


def main() -> None:
    """Evaluate the cases of standard input."""
    # Only that Python has these.
    from keystone.common import policies  # type: ignore[import-not-found]  # noqa: PLC0415
    from oslo_config import cfg  # noqa: PLC0415
    from oslo_policy import policy  # noqa: PLC0415

    configuration = cfg.ConfigOpts()
    configuration([])
    enforcer = policy.Enforcer(configuration)
    enforcer.register_defaults(policies.list_rules())

    def is_allowed(action: str, credentials: dict[str, Any], target: dict[str, Any]) -> bool:
        return bool(enforcer.enforce(f"identity:{action}", target, credentials))

    json.dump([is_allowed(*case) for case in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
