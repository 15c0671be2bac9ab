"""The documentation, the sample configuration and the systemd unit agree with the code."""

import configparser
import json
import pkgutil
import re
from itertools import repeat
from pathlib import Path

import pytest
from oslo_config import cfg

from glimpse import __version__
from glimpse.cli.main import COMMANDS, make_parser
from glimpse.cli.sample_config import sample_config
from glimpse.compute.image_routes import IMAGE_ROUTES, RULE_NAMES
from glimpse.compute.servers.policy import ServerRule
from glimpse.images import Action
from glimpse.settings import load_settings
from glimpse.settings.options import SECTIONS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "glimpse"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]


def test_the_sample_configuration_is_up_to_date() -> None:
    stored = (ROOT / "etc" / "glimpse.conf.sample").read_text()
    assert stored == sample_config(), "run `make sample-config`"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_is_documented_as_it_is_declared(section: str) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    missing = [row for row in map(_row, repeat(section), SECTIONS[section]) if row not in text]
    assert not missing, "put these rows into docs/configuration.md:\n" + "".join(missing)


def _row(section: str, option: cfg.Opt) -> str:
    """Return the row of an option in the table of the documentation."""
    default = option.sample_default if option.sample_default is not None else option.default
    if isinstance(default, list):
        default = ",".join(map(str, default))
    text = str(default).lower() if isinstance(default, bool) else str(default or "")
    shown = f"`{text}`" if text else ""
    choices = getattr(option.type, "choices", None)
    meaning = f"{option.help} One of: {', '.join(choices)}." if choices else option.help
    return f"| {section} | `{option.dest}` | {shown} | {meaning} |\n"


def test_every_documented_option_exists() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    documented = set(re.findall(r"^\| (\w+) \| `(\w+)` \|", text, re.MULTILINE))
    known = {(name, option.dest) for name, options in SECTIONS.items() for option in options}
    assert documented - known == set()


def test_every_policy_rule_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    section = text[text.index("## Permissions") :]
    missing = [
        name for name in (*Action, *RULE_NAMES, *ServerRule) if not _is_documented(name, section)
    ]
    assert missing == [], "add these rules to the table in docs/configuration.md"


def test_every_operation_of_the_compute_api_is_documented() -> None:
    text = (ROOT / "docs" / "compute.md").read_text()
    rows = [f"| {row.method} | `{row.path}` |" for row in IMAGE_ROUTES if row.policy_rule]
    missing = [row for row in rows if row not in text]
    assert missing == [], "add rows that begin like these to docs/compute.md"


def _is_documented(rule: str, text: str) -> bool:
    """Return True if a row of the table names the rule, whole or split at its last colon."""
    start, colon, end = rule.rpartition(":")
    divided = f"`{start}:`" in text and f"`{end}`" in text[text.index(f"`{start}:`") :]
    return f"`{rule}`" in text or (colon == ":" and divided)


def test_the_versions_of_tested_clients_are_those_installed() -> None:
    clients = ROOT / "tests" / "clients"
    pinned = {
        tuple(line.split("=="))
        for file in clients.glob("*/requirements.txt")
        for line in file.read_text().splitlines()
    }
    for file in clients.glob("*/package.json"):
        pinned |= {*json.loads(file.read_text())["dependencies"].items()}
    text = (ROOT / "docs" / "clients.md").read_text()
    documented = re.findall(r"^\| ([\w-]+) \| ([\d.]+) \|", text, re.MULTILINE)
    assert len(documented) >= 9
    assert {*documented} <= pinned


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_existing_files_and_headings(page: Path) -> None:
    targets = re.findall(r"\]\(((?![a-z]+:)[^)]+)\)", page.read_text())
    assert [target for target in targets if not _leads_somewhere(target, page)] == []


def _leads_somewhere(target: str, page: Path) -> bool:
    """Return True if a relative link of a page leads to a file, and to the heading it names."""
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    return file.exists() and (not anchor or anchor in _anchors(file.read_text()))


def _anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_page_of_the_documentation_is_linked_in_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/\w+\.md)\)", (ROOT / "README.md").read_text()))
    assert {str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md")} - linked == set()


def test_every_subcommand_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    documented = set(re.findall(r"`glimpse ([a-z-]+)[ `]", text))
    assert set(COMMANDS) - documented == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_make_targets_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named - targets == set()


def test_every_name_in_the_architecture_page_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    packages = "|".join(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())
    named = set(re.findall(rf"`((?:{packages})\.(?!json`|sqlite`)[\w.]+)`", text))
    assert len(named) > 40, "the names are not found any more"
    assert sorted(name for name in named if not _exists(name)) == []


def _exists(name: str) -> bool:
    """Return True if a dotted name below the package is a module, or an attribute of one."""
    try:
        pkgutil.resolve_name(f"glimpse.{name}")
    except (ImportError, AttributeError):
        return False
    return True


def test_the_systemd_unit_runs_a_command_that_exists() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "etc" / "glimpse.service")
    service = unit["Service"]
    program, *arguments = service["ExecStart"].split()
    assert Path(program).name == "glimpse"
    options = make_parser("serve").parse_args(arguments)
    assert options.command == "serve"
    assert service["Type"] == "notify"
    assert service["NotifyAccess"] == "main", "workers notify the supervisor, not systemd"
    shutdown = load_settings().server.graceful_shutdown_timeout
    assert int(service["TimeoutStopSec"]) > shutdown


def test_the_changelog_begins_with_the_version_of_the_code() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.MULTILINE)
    assert len(headings) == text.count("\n## "), "a heading is not [VERSION] - DATE"
    release, _, development = __version__.partition(".dev")
    names = [name for name, _ in headings]
    assert names[0] == ("Unreleased" if development else release)
    assert release not in names[1:], "the next version has to be another one"
    assert all(date for name, date in headings if name != "Unreleased")
