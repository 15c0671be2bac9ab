"""Policy files for tests."""

import json
from collections.abc import Mapping
from pathlib import Path


def write_policy(file: Path, rules: Mapping[str, object]) -> Path:
    """Write `rules` to `file` as JSON, which is also YAML; return `file`."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(rules) + "\n")
    return file
