"""The arguments of ``glimpse serve`` for tests, which docs/testing.md describes."""

import argparse
from pathlib import Path


def add_testing_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --seed, --ephemeral, --ready-file, --control-port and --stop-with-stdin."""
    parser.add_argument(
        "--seed",
        type=Path,
        metavar="FILE",
        help="make the users and images of a YAML file, the same at every start (docs/testing.md)",
    )
    parser.add_argument(
        "--ephemeral",
        action="store_true",
        help="keep the state in a temporary directory, in memory if possible, and remove it when "
        "the process stops",
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="write a JSON file with the URLs as soon as requests are served; removed at the end",
    )
    parser.add_argument(
        "--control-port",
        type=int,
        metavar="PORT",
        help="serve the control API for tests at this loopback port, 0 for any; the ready file has "
        "its URL and its token",
    )
    parser.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="stop when standard input is closed, as when the program that started this one ends",
    )
