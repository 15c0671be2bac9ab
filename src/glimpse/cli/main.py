"""The ``glimpse`` command. Errors are one line on standard error, never a traceback."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from glimpse import __version__
from glimpse.identity.embedded.directory import Directory, InvalidDirectory
from glimpse.settings import InvalidSettings, Settings, load_settings
from glimpse.telemetry.redaction import show

_VERDICTS = {True: "ok  ", None: "note", False: "FAIL"}
_COMMANDS = ("serve", "openrc", "clouds", "check", "load", "sample-config")


class CommandFailed(Exception):
    """The command cannot do what was asked; the message is the line to print."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; `arguments` default to the process's. Returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if strange := next((word for word in given if "\0" in word), None):
        print(f"glimpse: an argument contains a NUL character: {strange!r}", file=sys.stderr)
        return 1
    if not any(word in _COMMANDS or word in ("-h", "--help", "--version") for word in given):
        given = ["serve", *given]  # a bare `glimpse` serves
    options = _parser().parse_args(given)
    try:
        if options.command == "sample-config":
            return _sample_config()
        return int(_RUN[options.command](_load_settings(options), options) or 0)
    except (CommandFailed, InvalidSettings) as error:
        print(f"glimpse: {show(str(error))}", file=sys.stderr)
        return 1
    except OSError as error:
        text = f"{error.strerror or error}: {error.filename or ''}"
        print(f"glimpse: {show(text)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glimpse", description="OpenStack Compute's Images API, on its own."
    )
    parser.add_argument("--version", action="version", version=f"glimpse {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config-file", action="append", default=[], metavar="FILE")
    shared.add_argument("--state-dir", metavar="DIR", help="where everything is kept")
    shared.add_argument("--host", metavar="ADDRESS", help="address to listen on")
    shared.add_argument("--port", type=int, metavar="PORT", help="port to listen on")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    serve = add("serve", "serve the APIs (what a bare `glimpse` does)")
    serve.add_argument("--workers", type=int, metavar="N", help="number of processes")
    openrc = add("openrc", "print shell variables for a user's clients to log in with")
    openrc.add_argument("user", nargs="?", default="demo", metavar="USER")
    add("clouds", "print a clouds.yaml with all users")
    add("check", "say whether a configuration would work, and what it means")
    load = add("load", "create image records from JSON lines of Image API documents")
    load.add_argument("file", metavar="FILE", help="- for standard input")
    add("sample-config", "print a configuration file with every option")
    return parser


def _load_settings(options: argparse.Namespace) -> Settings:
    """What the files say, and the command line over them."""
    return load_settings(
        options.config_file,
        {
            f"glimpse.{name}": getattr(options, name)
            for name in ("host", "port", "workers", "state_dir")
            if getattr(options, name, None) is not None
        },
    )


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from glimpse.cli.serve import serve  # noqa: PLC0415  the other commands need no server

    return serve(settings, lambda: _load_settings(options))


def _openrc(settings: Settings, options: argparse.Namespace) -> None:
    from glimpse.cli import client_credentials  # noqa: PLC0415  only these commands need it

    try:
        text = client_credentials.openrc(
            _directory(settings), options.user, _base_url(settings), settings.embedded.region_name
        )
    except client_credentials.UnknownUser as error:
        raise CommandFailed(str(error)) from None
    print(text, end="")


def _clouds(settings: Settings, _options: argparse.Namespace) -> None:
    from glimpse.cli import client_credentials  # noqa: PLC0415  only these commands need it

    text = client_credentials.clouds(
        _directory(settings), _base_url(settings), settings.embedded.region_name
    )
    print(text, end="")


def _directory(settings: Settings) -> Directory:
    from glimpse.identity.embedded.directory_file import DirectoryFile  # noqa: PLC0415

    try:
        return DirectoryFile(settings.server.state_dir).current
    except InvalidDirectory as error:
        raise CommandFailed(str(error)) from None


def _base_url(settings: Settings) -> str:
    host = settings.server.host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  as it is reached
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"


def _check(settings: Settings, _options: argparse.Namespace) -> int:
    from glimpse.cli.check import check  # noqa: PLC0415  only this command needs it

    logging.disable()  # what goes wrong is a finding
    failed = False
    for finding in check(settings):
        print(f"{_VERDICTS[finding.good]}  {show(finding.text)}", flush=True)
        failed |= finding.good is False
    return 1 if failed else 0


def _load(settings: Settings, options: argparse.Namespace) -> None:
    from tqdm import tqdm  # noqa: PLC0415  only this command needs it

    from glimpse.embedded.service import EmbeddedImageService  # noqa: PLC0415
    from glimpse.embedded.sqlite.schema import UnusableCatalog  # noqa: PLC0415
    from glimpse.image_api.bulk_load import BadRecord, JsonLines, load  # noqa: PLC0415
    from glimpse.images.errors import Unavailable  # noqa: PLC0415

    loaded = 0

    async def run(lines: JsonLines) -> None:
        service = EmbeddedImageService.open(settings.server.state_dir)
        try:
            with tqdm(total=lines.total, unit="B", unit_scale=True, disable=None) as bar:

                def progress(count: int) -> None:
                    nonlocal loaded
                    loaded += count
                    bar.update(lines.bytes - bar.n)

                await load(service, lines, progress)
        finally:
            await service.close()

    with sys.stdin.buffer if options.file == "-" else Path(options.file).open("rb") as stream:
        lines = JsonLines(stream)
        # asyncio's own handler waits for the loop, which may be waiting for a line.
        signal.signal(signal.SIGINT, _interrupt)
        try:
            asyncio.run(run(lines))
        except UnusableCatalog as error:
            raise CommandFailed(str(error)) from None
        except (BadRecord, Unavailable) as error:
            kept = f" The {loaded} images before it are loaded." if loaded else ""
            raise CommandFailed(f"{options.file}, line {lines.line}: {error}{kept}") from None
        except KeyboardInterrupt:
            print("glimpse: interrupted; load the file again to complete it", file=sys.stderr)
            raise
    print(f"{loaded} images loaded into {settings.server.state_dir}")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _sample_config() -> int:
    from glimpse.cli.sample_config import sample_config  # noqa: PLC0415  only this command needs it

    print(sample_config(), end="")
    return 0


_RUN = {
    "serve": _serve,
    "openrc": _openrc,
    "clouds": _clouds,
    "check": _check,
    "load": _load,
}
