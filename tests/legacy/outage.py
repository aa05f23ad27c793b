#!/usr/bin/env python3
"""The database goes away under load and comes back.

Meanwhile guarded traffic goes on as if nothing had happened, logins answer 503 with `Retry-After` and never call a good
token bad, and `/ready` says why; afterwards everything recovers by itself.
Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import os
import shlex
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from client_cases import login_target
from wire import Answer, mint, post_json, ask_operators, send

# The monolith answers it without its database, so that what fails is the gateway's.
GUARDED = "/debug/echo/guarded"
# Only for members whose row says that they are staff: their tokens do not.
STAFF = "/debug/echo/guarded/staff"
# The gateway gives up a look-up after 3 seconds; the rest is for a busy machine.
PATIENCE = 10.0
ROUNDS = 10


@dataclass
class Checks:
    """Counts and prints."""

    passed: int = 0
    failed: int = 0

    def that(self, name: str, holds: bool, seen: object = "") -> None:
        self.passed, self.failed = self.passed + holds, self.failed + (not holds)
        print(f"{'ok  ' if holds else 'FAIL'} {name}" + ("" if holds else f": {seen}"), flush=True)


@dataclass
class Load:
    """One client that asks again and again, and what it was answered."""

    ask: Callable[[], Answer]
    ended: threading.Event = field(default_factory=threading.Event)
    statuses: Counter = field(default_factory=Counter)
    slowest: float = 0.0

    def __enter__(self) -> "Load":
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join(timeout=60)

    def _run(self) -> None:
        while not self.ended.is_set():
            begun = time.monotonic()
            try:
                status: object = self.ask().status
            except OSError as failure:
                status = type(failure).__name__
            self.statuses[status] += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def goes_on(self, more: int) -> bool:
        """Whether it is answered `more` times from here on."""
        wanted = self.statuses.total() + more
        return becomes(lambda: self.statuses.total() >= wanted)


def becomes(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        threading.Event().wait(0.02)
    return False


class Gateway:
    """What its clients and its operators ask it."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.access = mint(given.secret, "1", 3600)
        self.refresh_token = mint(given.refresh_secret, "1", 3600)

    def guarded(self) -> Answer:
        return send(self.given.through, "GET", GUARDED, [("Authorization", f"Bearer {self.access}")])

    def staff(self, subject: str) -> Answer:
        access = mint(self.given.secret, subject, 3600)
        return send(self.given.through, "GET", STAFF, [("Authorization", f"Bearer {access}")])

    def login(self) -> Answer:
        return send(self.given.through, "POST", login_target(self.given.email, self.given.password))

    def endpoints(self) -> dict[str, Callable[[], Answer]]:
        credentials = {"email": self.given.email, "password": self.given.password}
        unknown = {"email": "nobody@example.com", "password": "x"}
        return {
            "the login": self.login,
            "the pair": lambda: post_json(self.given.through, "/auth/token/pair", credentials),
            "the pair for an unknown user": lambda: post_json(self.given.through, "/auth/token/pair", unknown),
            "the refresh": lambda: post_json(self.given.through, "/auth/token/refresh", {"token": self.refresh_token}),
            "verify": lambda: post_json(self.given.through, "/auth/token/verify", {"token": self.access}),
        }

    def health(self) -> tuple[int, str]:
        """What `sidegate health` exits with and complains of."""
        command = [self.given.binary, "health", "--admin", self.given.admin.removeprefix("http://")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    def ready(self) -> Answer:
        name = f"admin-{self.given.admin.rsplit(':', 1)[1]}.token"
        token = Path(os.environ["RUNTIME_DIRECTORY"], name).read_text(encoding="ascii").strip()
        return ask_operators(self.given.admin, "/ready", [("Authorization", f"Bearer {token}")])


def check_healthy(checks: Checks, gateway: Gateway, when: str) -> None:
    expected = {name: 200 for name in gateway.endpoints()} | {"the pair for an unknown user": 401}
    for name, ask in gateway.endpoints().items():
        answer = ask()
        checks.that(f"{when}: {name} answers {expected[name]}", answer.status == expected[name], answer)
    unguarded = send(gateway.given.through, "GET", GUARDED)
    checks.that(f"{when}: guarded traffic needs a token", unguarded.status == 401, unguarded)
    report = gateway.ready()
    checks.that(f"{when}: /ready is 200 and has no reasons", (report.status, report.json()["reasons"]) == (200, []), report)
    health = gateway.health()
    checks.that(f"{when}: sidegate health exits with 0", health == (0, ""), health)


def check_outage(checks: Checks, gateway: Gateway) -> None:
    for name, ask in gateway.endpoints().items():
        for number in range(ROUNDS):
            begun = time.monotonic()
            answer = ask()
            took = time.monotonic() - begun
            told = answer.status == 503 and (answer.header("retry-after") or "").isdigit()
            if not told or took > PATIENCE or number == ROUNDS - 1:
                seen = f"after {took:.1f} s: {answer}"
                checks.that(f"away: {name} answers 503 with Retry-After, in time", told and took <= PATIENCE, seen)
                break
    answer = gateway.guarded()
    checks.that("away: the monolith learns who it is", ["x-user-id", "1"] in answer.json().get("headers", []), answer)
    bad = send(gateway.given.through, "GET", GUARDED, [("Authorization", f"Bearer {gateway.refresh_token}")])
    checks.that("away: a bad token is still refused", bad.status == 401, bad)
    report = gateway.ready()
    reasons = report.json()["reasons"]
    checks.that("away: /ready is 503 and says why", report.status == 503 and "database" in " ".join(reasons), report)
    status, complaint = gateway.health()
    checks.that("away: sidegate health exits with 1 and says why", status == 1 and "database" in complaint, complaint)
    alive = ask_operators(gateway.given.admin, "/live")
    checks.that("away: /live is 200", alive.status == 200, alive)


def check_rows_before(checks: Checks, gateway: Gateway) -> None:
    who = {"2": (200, "an admin"), "1": (403, "a user"), "3": (401, "a banned user"), "404": (401, "nobody")}
    for subject, (status, name) in who.items():
        answer = gateway.staff(subject)
        checks.that(f"before: {name} is answered {status} where the row decides", answer.status == status, answer)


def check_rows_away(checks: Checks, gateway: Gateway) -> None:
    for subject, status, name in (("2", 200, "an admin"), ("1", 403, "a user"), ("3", 401, "a banned user")):
        answer = gateway.staff(subject)
        checks.that(f"away: {name} whose row is known is answered {status}", answer.status == status, answer)
    begun = time.monotonic()
    answer = gateway.staff("15")
    took = time.monotonic() - begun
    told = answer.status == 503 and (answer.header("retry-after") or "").isdigit() and took <= PATIENCE
    checks.that("away: a row that is not known is 503 with Retry-After, in time", told, f"after {took:.1f} s: {answer}")


def check_rows_after(checks: Checks, gateway: Gateway) -> None:
    checks.that("after: a row that could not be had is read", becomes(lambda: gateway.staff("15").status == 200, 30))


def check_traffic(checks: Checks, traffic: Load) -> None:
    checks.that("guarded traffic had no failure throughout", set(traffic.statuses) == {200}, dict(traffic.statuses))
    checks.that("no guarded request waited for the database", traffic.slowest < 2.0, f"{traffic.slowest:.2f} s")


def check_logins(checks: Checks, logins: Load) -> None:
    checks.that("logins were answered 200 or 503 throughout", set(logins.statuses) <= {200, 503}, dict(logins.statuses))
    checks.that("no login hung", logins.slowest < PATIENCE, f"{logins.slowest:.1f} s")


def run(checks: Checks, gateway: Gateway, halt: list[str], resume: list[str]) -> None:
    check_healthy(checks, gateway, "before")
    check_rows_before(checks, gateway)
    with Load(gateway.guarded) as traffic, Load(gateway.login) as logins:
        checks.that("before: traffic and logins run", traffic.goes_on(20) and logins.goes_on(5))
        subprocess.run(halt, check=True)
        try:
            checks.that("away: logins notice", becomes(lambda: gateway.login().status == 503))
            check_outage(checks, gateway)
            check_rows_away(checks, gateway)
            checks.that("away: traffic goes on", traffic.goes_on(100), dict(traffic.statuses))
        finally:
            subprocess.run(resume, check=True)
        checks.that("after: logins recover by themselves", becomes(lambda: gateway.login().status == 200, 30))
        checks.that("after: /ready recovers", becomes(lambda: gateway.ready().status == 200, 30))
        checks.that("after: traffic and logins run", traffic.goes_on(20) and logins.goes_on(5))
    check_traffic(checks, traffic)
    check_logins(checks, logins)
    check_healthy(checks, gateway, "after")
    check_rows_after(checks, gateway)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--through", required=True, metavar="URL", help="sidegate in front of the monolith")
    parser.add_argument("--admin", required=True, metavar="URL", help="its listener for operators")
    parser.add_argument("--binary", required=True, metavar="FILE", help="the sidegate to ask for its health")
    parser.add_argument("--halt-command", required=True, help="ends the database")
    parser.add_argument("--resume-command", required=True, help="starts it again, where it was")
    parser.add_argument("--secret", default=os.environ.get("SECRET_KEY"), help="of access tokens; or SECRET_KEY")
    parser.add_argument("--refresh-secret", default=os.environ.get("REFRESH_TOKEN_SECRET_KEY"), help="of refresh tokens")
    parser.add_argument("--email", default="jiwoo@example.com")
    parser.add_argument("--password", default="비밀번호-7🔑")
    given = parser.parse_args()
    if not given.secret or not given.refresh_secret:
        parser.error("--secret and --refresh-secret are needed to mint tokens")
    return given


def main() -> int:
    given, checks = arguments(), Checks()
    run(checks, Gateway(given), shlex.split(given.halt_command), shlex.split(given.resume_command))
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
