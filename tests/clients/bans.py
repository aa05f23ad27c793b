#!/usr/bin/env python3
"""What the monolith writes in its own table ends sessions at two gateways that watch it.

The monolith bans, releases and withdraws members by its own routes; passwords change and rows vanish as its other programs
would have it, by SQL. Everybody else goes on. Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import IncompleteRead
from pathlib import Path
from secrets import token_hex

import pymysql
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "legacy"))

from checks import PATIENCE, Checks, becomes, holds, same  # noqa: E402
from wire import Answer, mint, post_json, send  # noqa: E402

# The monolith answers it without a look at its users, so that whoever refuses is the gateway.
GUARDED = "/debug/echo/guarded"
# What is promised is one second; a busy machine may take longer to say so.
SOON = 5.0
MINJI, ADMINISTRATOR, JIWOO, LONG, BYSTANDER = 1, 2, 7, 8, 15


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    gateways: list[str]
    secret: str
    refresh_secret: str
    database: pymysql.Connection

    def token(self, member: int) -> str:
        return mint(self.secret, str(member), 3600 * 24 * 30)

    def ask(self, gateway: str, token: str, method: str = "GET", target: str = GUARDED) -> Answer:
        return send(gateway, method, target, [("Authorization", f"Bearer {token}")])

    def status(self, gateway: str, token: str) -> int:
        """What a gateway answers; 0 where the answer breaks off, as one does that is under way when its token ends."""
        try:
            return self.ask(gateway, token).status
        except (IncompleteRead, ConnectionError):
            return 0

    def statuses(self, token: str) -> list[int]:
        """What each of the gateways answers."""
        return [self.status(gateway, token) for gateway in self.gateways]

    def write(self, sql: str) -> None:
        with self.database.cursor() as cursor:
            cursor.execute(sql)


@dataclass
class Busy:
    """A member's client that goes on asking both gateways."""

    place: Place
    token: str
    seen: list[tuple[float, int]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Busy":
        self.threads = [threading.Thread(target=self._run, args=[gateway], daemon=True) for gateway in self.place.gateways]
        for thread in self.threads:
            thread.start()
        becomes(lambda: len(self.seen) > 10, True)
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)

    def _run(self, gateway: str) -> None:
        while not self.ended.is_set():
            asked = time.monotonic()
            self.seen.append((asked, self.place.status(gateway, self.token)))

    def statuses_until(self, moment: float) -> set[int]:
        return {status for asked, status in self.seen if asked < moment}

    def last_admitted(self) -> float:
        return max(asked for asked, status in self.seen if status == 200)


def check_ban(checks: Checks, place: Place) -> None:
    token, other = place.token(MINJI), place.token(BYSTANDER)
    restriction = f"/admin/users/{MINJI}/restriction"
    administrator = place.token(ADMINISTRATOR)
    with Busy(place, token) as busy, Busy(place, other) as bystander:
        begun = time.monotonic()
        with checks.that("the monolith's administrator bans a member through the gateway"):
            same(place.ask(place.gateways[0], administrator, "POST", restriction).status, 200)
        banned = time.monotonic()
        with checks.that("both gateways refuse the member's next requests"):
            becomes(lambda: place.statuses(token), [401, 401])
        with checks.that("the member's requests were good until then, and none is from five seconds later on"):
            same(busy.statuses_until(begun) - {200}, set())
            holds(busy.last_admitted() - banned < SOON, busy.last_admitted() - banned)
        with checks.that("the refusal is the monolith's own"):
            answer = place.ask(place.gateways[0], token)
            same(answer.header("www-authenticate"), 'Bearer error="invalid_token"')
            holds(b"detail" in answer.body, answer.body)
        with checks.that("verify calls the member's token bad, and the refresh is refused"):
            same(post_json(place.gateways[1], "/auth/token/verify", {"token": token}).json(), {"bool": False})
            refresh = mint(place.refresh_secret, str(MINJI), 3600)
            same(post_json(place.gateways[1], "/auth/token/refresh", {"token": refresh}).status, 401)
        with checks.that("the monolith releases the member, and the same token holds again"):
            same(place.ask(place.gateways[1], administrator, "DELETE", restriction).status, 200)
            becomes(lambda: place.statuses(token), [200, 200])
        with checks.that("nobody else was refused meanwhile"):
            same({status for _, status in bystander.seen}, {200})


def check_password(checks: Checks, place: Place) -> None:
    old = mint(place.secret, str(JIWOO), 3600 * 24 * 30 - 60)
    with checks.that("a changed password ends the sessions that were there"):
        same(place.statuses(old), [200, 200])
        place.write(f"UPDATE user SET hashed_password = (SELECT hashed_password FROM user WHERE id = {LONG}) WHERE id = {JIWOO}")
        becomes(lambda: place.statuses(old), [401, 401])
    with checks.that("a login with the new password opens one that holds, in the same second too"):
        password = "correct horse battery staple, correct horse battery staple, correct horse batter"
        for gateway in place.gateways:
            answer = post_json(gateway, "/auth/token/pair", {"email": "jiwoo@example.com", "password": password})
            same(answer.status, 200)
            same(place.statuses(answer.json()["access_token"]), [200, 200])
            same(place.statuses(old), [401, 401])


def check_other_writes(checks: Checks, place: Place) -> None:
    token = place.token(MINJI)
    with checks.that("other writes to a member's row end nothing"), Busy(place, token) as busy:
        for point in range(50):
            place.write(f"UPDATE user SET point = {point}, name = 'Minji {point}' WHERE id = {MINJI}")
        same({status for _, status in busy.seen}, {200})


def check_streams(checks: Checks, place: Place) -> None:
    token, other = place.token(MINJI), place.token(BYSTANDER)
    url = place.gateways[0].replace("http://", "ws://") + "/debug/socket/"

    def opened(token: str) -> connect:
        headers = {"Authorization": f"Bearer {token}"}
        return connect(url + token_hex(4), additional_headers=headers, open_timeout=PATIENCE, proxy=None)

    with opened(token) as mine, opened(other) as others:
        mine.recv(PATIENCE)
        others.recv(PATIENCE)
        place.write(f"UPDATE user SET is_restricted = 1 WHERE id = {MINJI}")
        with checks.that("a ban closes the member's WebSocket"):
            try:
                holds(False, mine.recv(PATIENCE))
            except ConnectionClosed as closed:
                same(closed.rcvd and closed.rcvd.code, 1008)
        with checks.that("and nobody else's"):
            others.send("still here")
            same(others.recv(PATIENCE), "still here")
    place.write(f"UPDATE user SET is_restricted = 0 WHERE id = {MINJI}")
    becomes(lambda: place.statuses(token), [200, 200])


def check_departures(checks: Checks, place: Place) -> None:
    leaving, vanishing = place.token(LONG), place.token(14)
    with checks.that("a member that withdraws by the monolith's route is refused"):
        same(place.ask(place.gateways[0], leaving, "DELETE", f"/users/{LONG}").status, 204)
        becomes(lambda: place.statuses(leaving), [401, 401])
    with checks.that("so is one whose row is deleted"):
        same(place.statuses(vanishing), [200, 200])
        place.write("DELETE FROM user WHERE id = 14")
        becomes(lambda: place.statuses(vanishing), [401, 401])


@contextmanager
def gateway(binary: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    command = [binary, "run", "--config", str(HERE / "bans.yaml")]
    environment = os.environ | environment | {"RUNTIME_DIRECTORY": str(folder)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            entry = json.loads(line) if line.startswith("{") else {"message": line}
            if entry["message"] == "listening":
                break
            print(f"sidegate: {line.rstrip()}", flush=True)
        else:
            raise SystemExit("sidegate did not start")
        threading.Thread(target=lambda: [print(f"sidegate: {line.rstrip()}") for line in process.stderr], daemon=True).start()
        yield f"http://{entry['address']}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def prepare(given: argparse.Namespace) -> tuple[pymysql.Connection, dict[str, str]]:
    """A database for the gateways' own tables, and an account that may follow the binlog."""
    host, port = given.database.split(":")
    database = pymysql.connect(host=host, port=int(port), user="tests", password=os.environ["TESTS_PASSWORD"], autocommit=True)
    password = token_hex(16)
    with database.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE sidegate_of_bans CHARACTER SET utf8mb4")
        cursor.execute("CREATE OR REPLACE USER of_bans@'127.0.0.1' IDENTIFIED BY %s", [password])
        cursor.execute("GRANT REPLICATION SLAVE ON *.* TO of_bans@'127.0.0.1'")
        cursor.execute("GRANT SELECT ON pampam.`user` TO of_bans@'127.0.0.1'")
        cursor.execute("GRANT ALL ON sidegate_of_bans.* TO of_bans@'127.0.0.1'")
        cursor.execute("USE pampam")
    url = f"mysql://of_bans:{password}@{given.database}/"
    return database, {
        "MONOLITH": given.direct, "DATABASE_URL": f"{url}pampam", "WATCH_DATABASE_URL": f"{url}pampam", "STATE_DATABASE_URL": f"{url}sidegate_of_bans",
        "WATCH_SECRET": token_hex(32),
    }


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--direct", required=True, help="the monolith")
    arguments.add_argument("--database", required=True, help="host:port of its server; the account is `tests`, its password TESTS_PASSWORD")
    arguments.add_argument("--binary", required=True, help="sidegate")
    given = arguments.parse_args()
    checks = Checks()
    database, environment = prepare(given)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        gateways = [stack.enter_context(gateway(given.binary, Path(name), environment)) for _ in range(2)]
        secrets = os.environ["SECRET_KEY"], os.environ["REFRESH_TOKEN_SECRET_KEY"]
        place = Place(gateways, *secrets, database)
        becomes(lambda: place.statuses(place.token(BYSTANDER)), [200, 200])
        for check in (check_ban, check_password, check_other_writes, check_streams, check_departures):
            check(checks, place)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
