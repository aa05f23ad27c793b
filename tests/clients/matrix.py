#!/usr/bin/env python3
"""Real clients through sidegate: curl, Python's httpx, requests, aiohttp, websockets and grpcio, and node.

It starts a sidegate of its own before the monolith and before a gRPC server, in clear text and with TLS.
Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import os
import platform
import subprocess
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import setting
from calls import check_calls, serving
from checks import Checks
from curl import check_peculiarities, curls
from journey import Journey
from libraries import libraries
from node import check_node
from web_sockets import check_sockets

LIBRARIES = ("httpx", "httpcore", "h11", "h2", "requests", "urllib3", "aiohttp", "websockets", "grpcio", "uvicorn")


def say_versions() -> None:
    """What was run, for whoever reads the log."""
    curl = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    told = {"curl": curl, "node": node, "Python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
    print(", ".join(f"{name} {number}" for name, number in told.items()), flush=True)


def run(checks: Checks, given: argparse.Namespace) -> None:
    with serving() as (calls, url), setting.started(given.binary, given.direct, url, given.tls) as place:
        for client in (*curls(place), *libraries(place)):
            if given.only in client.name:
                Journey(place, client, checks).run()
        others = {"curl": check_peculiarities, "node": check_node, "websockets": check_sockets}
        for name, check in (others | {"grpcio": partial(check_calls, calls)}).items():
            if given.only in name:
                check(checks, place)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direct", required=True, metavar="URL", help="the monolith")
    parser.add_argument("--binary", required=True, metavar="FILE", help="the sidegate to start")
    parser.add_argument("--tls", required=True, type=Path, metavar="FOLDER", help="with ca.crt, server.crt and server.key")
    parser.add_argument("--only", default="", metavar="TEXT", help="only clients whose names contain it")
    given = parser.parse_args()
    missing = [name for name in ("SECRET_KEY", "REFRESH_TOKEN_SECRET_KEY", "DATABASE_URL") if name not in os.environ]
    if missing:
        parser.error(f"the environment lacks {', '.join(missing)}")
    return given


def main() -> int:
    given, checks = arguments(), Checks()
    say_versions()
    run(checks, given)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
