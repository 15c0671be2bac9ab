"""Command that prints the lowest versions that pyproject.toml allows, as requirements.

With the path of a lock file, it checks instead that the file has exactly these versions.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)(?:,.*)?")
_LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def lowest_versions() -> dict[str, str]:
    """Return the lowest version of each dependency and extra, by normalized name."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    matches = [_REQUIREMENT.fullmatch(each) for requirements in lists for each in requirements]
    assert all(matches), "a requirement in pyproject.toml has no lower bound"
    return {match[1].lower().replace(".", "-"): match[2] for match in matches if match}


def differences(lock: str) -> list[str]:
    """Return a line for each dependency that a lock file lacks or has in another version."""
    locked = dict(_LOCKED.findall(lock))
    return [
        f"{name}: pyproject.toml allows {version}, the lock has {locked.get(name)}"
        for name, version in lowest_versions().items()
        if _release(locked.get(name, "")) != _release(version)
    ]


def _release(version: str) -> str:
    """Return the version without zeros at its end, so that 4 equals 4.0.0."""
    return re.sub(r"(\.0)+$", "", version)


def main(arguments: list[str]) -> int:
    """Print the requirements, or the differences from the lock file in the arguments."""
    if not arguments:
        lines = [f"{name}=={version}" for name, version in lowest_versions().items()]
    else:
        lines = differences(Path(arguments[0]).read_text())
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if arguments and lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
