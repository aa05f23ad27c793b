#!/usr/bin/env python3
"""Sends the same requests to the monolith directly and through sidegate, and compares the answers.

Status, headers and body bytes have to be equal. A token is compared by its header and its claims: `exp` within two
seconds of the same distance from the request, everything else to the letter. Of the headers only those are left out
that belong to a hop or to the clock; WWW-Authenticate is compared by its scheme. Exit status 1 on any difference.
"""

import argparse
import difflib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import unquote

from client_cases import Case, cases
from wire import Answer, claims_of, header_of, mint, send

OF_THE_HOP = {"date", "server", "via", "connection", "keep-alive", "transfer-encoding", "proxy-connection"}
TOKEN = re.compile(rb"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")
HOUR = 3600


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    access_secret: str = field(repr=False)
    refresh_secret: str = field(repr=False)
    extra_headers: frozenset[str]


@dataclass
class Run:
    """All requests against one side, with what the client remembers between them."""

    url: str
    options: Options
    answers: dict[str, Answer] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    # The distance of `exp` from the request that a token first came back from.
    lifetimes: dict[bytes, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        access, refresh = self.options.access_secret, self.options.refresh_secret
        self.identities |= {
            "expired": mint(access, "1", -HOUR),
            "expired refresh": mint(refresh, "1", -HOUR),
            "banned": mint(access, "3", HOUR),
            "banned refresh": mint(refresh, "3", HOUR),
            "withdrawn": mint(access, "4", HOUR),
            "unknown": mint(access, "9999", HOUR),
            "garbage": "not.a.token",
        }

    def perform(self, case: Case) -> None:
        time.sleep(case.pause)
        answer = send(self.url, case.method, case.target, self._headers(case), self._body(case))
        self.answers[case.name] = answer
        for token in TOKEN.findall(answer.body):
            if token not in self.lifetimes:
                self.lifetimes[token] = float(claims_of(token.decode()).get("exp", 0)) - answer.asked_at
        if case.signs_in and answer.status == 200:
            tokens = answer.json()
            tokens = tokens.get("token", tokens)
            self.identities[case.signs_in] = tokens["access_token"]
            self.identities[f"refresh of {case.signs_in}"] = tokens["refresh_token"]

    def _headers(self, case: Case) -> list[tuple[str, str]]:
        headers = [(name, self._filled(value)) for name, value in case.headers]
        if case.who:
            headers.append(("Authorization", f"Bearer {self._identity(case.who)}"))
        if case.if_none_match:
            headers.append(("If-None-Match", self.answers[case.if_none_match].header("etag") or '"none"'))
        return headers

    def _body(self, case: Case) -> bytes | None:
        if case.body is None or b"{" not in case.body or len(case.body) > 500:
            return case.body
        return self._filled(case.body.decode()).encode()

    def _filled(self, text: str) -> str:
        return re.sub(r"\{([a-z][a-z ]*)\}", lambda found: self._identity(found[1]), text)

    def _identity(self, name: str) -> str:
        # After a failed login the later requests still go out, and show their own difference.
        return self.identities.get(name, "the-login-failed")


def differences(case: Case, direct: Run, through: Run) -> list[str]:
    """One readable line or block for each difference; none if the client can't tell the two apart."""
    left, right = direct.answers[case.name], through.answers[case.name]
    found = [] if left.status == right.status else [f"status: {left.status} directly, {right.status} through"]
    found += _header_differences(case, left, right, through.options.extra_headers)
    found += _body_differences(case, left, right)
    found += _token_differences(case, direct, through)
    return found


def _header_differences(case: Case, left: Answer, right: Answer, extra: frozenset[str]) -> list[str]:
    ours, theirs = _headers(case, left), _headers(case, right)
    found = []
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name) and not (name in extra and name not in ours):
            found.append(f"header {name}: {ours.get(name)} directly, {theirs.get(name)} through")
    return found


def _headers(case: Case, answer: Answer) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        if name in OF_THE_HOP or (case.is_echo and name == "content-length"):
            continue
        headers.setdefault(name, []).append(value.split()[0] if name == "www-authenticate" else value)
    return headers


def _body_differences(case: Case, left: Answer, right: Answer) -> list[str]:
    ours, theirs = (TOKEN.sub(b"<token>", _body(case, answer)) for answer in (left, right))
    if ours == theirs:
        return []
    if len(ours) > 20_000 or len(theirs) > 20_000:
        return [f"body: {len(ours)} bytes directly, {len(theirs)} bytes through, or other content"]
    lines = difflib.unified_diff(_lines(ours), _lines(theirs), "directly", "through", lineterm="", n=1)
    return ["body:\n    " + "\n    ".join(lines)]


def _body(case: Case, answer: Answer) -> bytes:
    """For an echo: what may not change on the way. Percent-encoding in the path may be normalised."""
    if not case.is_echo or answer.status != 200:
        return answer.body
    echo = answer.json()
    sent = {name.lower() for name, _ in case.headers} | {"host"} | ({"authorization"} if case.who else set())
    kept = {key: echo[key] for key in ("method", "query", "body_sha256", "body_length")}
    kept["path"] = unquote(echo["raw_path"])
    kept["headers"] = sorted((pair for pair in echo["headers"] if pair[0] in sent), key=lambda pair: pair[0])
    return json.dumps(kept, ensure_ascii=False).encode()


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8", "backslashreplace")
    return re.split(r"(?<=,)(?=[\"{])|\n", text)


def _token_differences(case: Case, direct: Run, through: Run) -> list[str]:
    if case.is_echo:
        return []
    ours, theirs = (TOKEN.findall(run.answers[case.name].body) for run in (direct, through))
    found = []
    for left, right in zip(ours, theirs):
        found += _claim_differences(left.decode(), right.decode())
        apart = abs(direct.lifetimes[left] - through.lifetimes[right])
        if apart > 2:
            found.append(f"token: the lifetimes differ by {apart:.1f} seconds")
    return found


def _claim_differences(left: str, right: str) -> list[str]:
    found = []
    if header_of(left) != header_of(right):
        found.append(f"token header: {header_of(left)} directly, {header_of(right)} through")
    ours, theirs = (claims_of(token) | {"exp": type(claims_of(token).get("exp")).__name__} for token in (left, right))
    if list(ours.items()) != list(theirs.items()):
        found.append(f"token claims (exp by its type): {ours} directly, {theirs} through")
    return found


def run_side(url: str, options: Options, reset: list[str], settle: float, wanted: list[Case]) -> Run:
    subprocess.run(reset, check=True)
    time.sleep(settle)
    run = Run(url, options)
    for case in wanted:
        try:
            run.perform(case)
        except Exception as failure:  # A broken connection is an answer too, and has to be shown as one.
            run.answers[case.name] = Answer(0, [], f"{type(failure).__name__}: {failure}".encode(), time.time())
    return run


def report(wanted: list[Case], direct: Run, through: Run) -> list[dict]:
    entries = []
    for case in wanted:
        found = differences(case, direct, through)
        statuses = [run.answers[case.name].status for run in (direct, through)]
        if _is_vacuous(case, statuses[0]):
            found.append(f"the monolith itself failed: {direct.answers[case.name].body.decode()}")
        entries.append({"name": case.name, "method": case.method, "status": statuses, "differences": found})
        print(f"{'ok  ' if not found else 'FAIL'} {statuses[0]} {case.name}")
        for difference in found:
            print(f"     {difference}")
    return entries


def _is_vacuous(case: Case, status: int) -> bool:
    """Equal answers prove nothing if the monolith was down, broke, or did not let its own user in."""
    return status == 0 or status >= 500 or (case.signs_in is not None and status != 200)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direct", required=True, metavar="URL", help="the monolith")
    parser.add_argument("--through", required=True, metavar="URL", help="sidegate in front of it")
    parser.add_argument("--report", metavar="FILE", help="where to write the result as JSON")
    parser.add_argument("--reset-command", required=True, help="restores the database; run before each side")
    parser.add_argument("--settle", type=float, default=1.5, help="seconds to wait after a reset (1.5)")
    parser.add_argument("--secret", default=os.environ.get("SECRET_KEY"), help="of access tokens; or SECRET_KEY")
    parser.add_argument("--refresh-secret", default=os.environ.get("REFRESH_TOKEN_SECRET_KEY"), help="of refresh tokens")
    parser.add_argument("--allow-extra", action="append", default=[], metavar="HEADER", help="sidegate may add this one")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases whose names contain it, and the logins")
    given = parser.parse_args()
    if not given.secret or not given.refresh_secret:
        parser.error("--secret and --refresh-secret are needed to mint tokens")
    return given


def main() -> int:
    given = arguments()
    extra = frozenset(name.lower() for name in given.allow_extra)
    options = Options(given.secret, given.refresh_secret, extra)
    wanted = [case for case in cases() if given.only in case.name or case.name.startswith("login: ")]
    reset = shlex.split(given.reset_command)
    direct, through = (run_side(url, options, reset, given.settle, wanted) for url in (given.direct, given.through))
    entries = report(wanted, direct, through)
    failed = sum(1 for entry in entries if entry["differences"])
    if given.report:
        with open(given.report, "w", encoding="utf-8") as file:
            result = {"passed": len(entries) - failed, "failed": failed, "requests": entries}
            json.dump(result, file, ensure_ascii=False, indent=1)
    print(f"{len(entries) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
