"""``glimpse sample-config``: print every option, commented out at its default."""

import argparse
import textwrap

from oslo_config import cfg

from glimpse.cli.settings_arguments import add_settings_arguments
from glimpse.cli.standard_streams import print_output
from glimpse.settings.options import SECTIONS

_WIDTH = 96


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that all subcommands have. Here they have no effect."""
    add_settings_arguments(parser)


def run(_options: argparse.Namespace) -> int:
    """Print the sample configuration, and return 0.

    Raises CommandFailed if the output cannot be written, and BrokenPipeError if the output is a
    pipe that nobody reads.
    """
    print_output(sample_config())
    return 0


def sample_config() -> str:
    """Return the text of ``etc/glimpse.conf.sample``: each option below its description.

    Options are commented out, with their default values.
    """
    parts = []
    for group, options in SECTIONS.items():
        parts.append(f"[{group}]\n")
        parts += [_option(option) for option in options]
    return "\n".join(parts)


def _option(option: cfg.Opt) -> str:
    lines = [f"# {line}" for line in textwrap.wrap(option.help or "", _WIDTH)]
    choices = getattr(option.type, "choices", None)
    if choices:
        lines += [f"#   {name}: {meaning}" for name, meaning in choices.items() if meaning]
    default = option.sample_default if option.sample_default is not None else option.default
    lines.append(f"#{option.name} = {_text(default)}")
    return "\n".join(lines) + "\n"


def _text(default: object) -> str:
    if default is None or default == []:
        return ""
    if isinstance(default, list):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)
