#!/usr/bin/env python3
"""Logins at a certified OpenID provider (node's `oidc-provider`), by a program that does what a browser does.

`--packages` names a folder in which npm has installed it. Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

HERE = Path(__file__).parent

from checks import PATIENCE, Checks, holds, same  # noqa: E402

CALLBACK = "http://gateway.test/NAME/callback"


@dataclass(frozen=True)
class Answer:
    """An answer, read."""

    status: int
    location: str
    cookies: dict[str, str]
    body: bytes


@dataclass
class Browser:
    """Cookies by host, and no more."""

    gateway: str
    jar: dict[str, dict[str, str]] = field(default_factory=dict)

    def send(self, method: str, url: str, form: dict[str, str] | None = None) -> Answer:
        parts = urlsplit(url)
        host = parts.netloc
        # The name under which the gateway is known to the world.
        address = self.gateway if host == "gateway.test" else host
        own = self.jar.setdefault(host, {})
        headers = {"Host": host, "Cookie": "; ".join(f"{name}={value}" for name, value in own.items())}
        body = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        connection = HTTPConnection(address, timeout=PATIENCE)
        try:
            connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
            response: HTTPResponse = connection.getresponse()
            cookies = dict(line.split(";")[0].split("=", 1) for line in response.headers.get_all("Set-Cookie") or [])
            own.update(cookies)
            for name in [name for name, value in own.items() if not value]:
                del own[name]
            location = response.headers.get("Location", "")
            if location.startswith("/"):
                location = f"{parts.scheme}://{host}{location}"
            return Answer(response.status, location, cookies, response.read())
        finally:
            connection.close()

    def consent(self, url: str, user: str) -> str:
        """Logs in at the provider and says yes: where it sends the browser back to."""
        answer = self.send("GET", url)
        for prompt in ({"prompt": "login", "login": user, "password": "any"}, {"prompt": "consent"}) * 2:
            while answer.status in (302, 303) and "/interaction/" not in answer.location:
                if answer.location.startswith("http://gateway.test/"):
                    return answer.location
                answer = self.send("GET", answer.location)
            holds(answer.status in (302, 303), answer)
            self.send("GET", answer.location)
            answer = self.send("POST", answer.location, prompt)
        while not answer.location.startswith("http://gateway.test/"):
            holds(answer.status in (302, 303), answer)
            answer = self.send("GET", answer.location)
        return answer.location


@contextmanager
def process(command: list[str], environment: dict[str, str], until: str) -> Iterator[str]:
    """Runs it, waits for a line with this text, and gives that line."""
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in running.stdout:
            if until in line:
                break
            print(f"{command[0]}: {line.rstrip()}", flush=True)
        else:
            raise SystemExit(f"{command[0]} did not start")
        threading.Thread(target=lambda: [print(f"{command[0]}: {more.rstrip()}") for more in running.stdout], daemon=True).start()
        yield line.strip()
    finally:
        running.terminate()
        running.wait(PATIENCE)


def make_users(path: Path) -> None:
    with sqlite3.connect(path) as users:
        users.execute("CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, password TEXT, is_restricted BOOLEAN, sns_type TEXT, sns_uid TEXT)")
        users.executemany(
            "INSERT INTO user VALUES (?, ?, NULL, ?, ?, ?)",
            [
                (1, "linked@elsewhere.example", False, "web", "alice"),
                (2, "banned@elsewhere.example", True, "web", "bob"),
                (3, "carol@example.com", False, None, None),
                (4, "mallory@example.com", False, None, None),
                (5, "other@elsewhere.example", False, "other", "dave"),
            ],
        )


@contextmanager
def started(binary: str, packages: str) -> Iterator[tuple[str, str]]:
    provider = ["node", str(HERE / "openid_provider.mjs"), packages, CALLBACK]
    with tempfile.TemporaryDirectory() as name, process(provider, dict(os.environ), "http://127.0.0.1:") as issuer:
        folder = Path(name)
        make_users(folder / "users.db")
        (folder / "gateway.yaml").write_text((HERE / "openid.yaml").read_text())
        environment = os.environ | {
            "ISSUER": issuer, "RUNTIME_DIRECTORY": name,
            "SECRET_KEY": secrets.token_hex(32), "REFRESH_TOKEN_SECRET_KEY": secrets.token_hex(32),
        }
        command = [binary, "run", "--config", str(folder / "gateway.yaml")]
        with process(command, environment, '"message":"listening"') as line:
            yield json.loads(line)["address"], issuer


def log_in(gateway: str, name: str, user: str) -> tuple[Browser, str, Answer]:
    browser = Browser(gateway)
    start = browser.send("GET", f"http://gateway.test/{name}/start?return_to=/home")
    same(start.status, 302)
    back = browser.consent(start.location, user)
    return browser, back, browser.send("GET", back)


def holder(gateway: str, token: str) -> bool:
    connection = HTTPConnection(gateway, timeout=PATIENCE)
    connection.request("POST", "/verify", json.dumps({"token": token}), {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["bool"]


def check_logins(checks: Checks, gateway: str) -> None:
    with checks.that("somebody who is linked logs in, with PKCE, and gets the cookies"):
        browser, back, answer = log_in(gateway, "web", "alice")
        same((answer.status, answer.location), (302, "http://gateway.test/home"))
        holds(holder(gateway, answer.cookies["__Host-access"]), answer)
    with checks.that("the same way back is no way a second time, nor in another browser"):
        same(browser.send("GET", back).status, 400)
        same(Browser(gateway).send("GET", back).status, 400)
    with checks.that("a dialect answers, with a client that proves itself by HTTP Basic"):
        _, _, answer = log_in(gateway, "other", "dave")
        same(answer.status, 200)
        holds(holder(gateway, json.loads(answer.body)["access_token"]), answer)
    for user, why in (("bob", "blocked"), ("erin", "unknown_member"), ("dave", "unknown_member"), ("mallory", "unknown_member")):
        with checks.that(f"{user} is refused: {why}"):
            _, _, answer = log_in(gateway, "web", user)
            same((answer.status, answer.location), (302, f"http://gateway.test/login?error={why}"))
            same("__Host-access" in answer.cookies, False)
    with checks.that("somebody who is not linked is known by a verified address"):
        _, _, answer = log_in(gateway, "web", "carol")
        same((answer.status, answer.location), (302, "http://gateway.test/home"))
    with checks.that("who says no is sent to the login page"):
        browser = Browser(gateway)
        start = browser.send("GET", "http://gateway.test/web/start")
        state = parse_qs(urlsplit(start.location).query)["state"][0]
        answer = browser.send("GET", f"http://gateway.test/web/callback?error=access_denied&state={state}")
        same(answer.location, "http://gateway.test/login?error=denied")


def check_mix_up(checks: Checks, gateway: str) -> None:
    with checks.that("the code of one provider is not taken by the route of another"):
        browser = Browser(gateway)
        start = browser.send("GET", "http://gateway.test/web/start")
        back = browser.consent(start.location, "alice")
        same(browser.send("GET", back.replace("/web/", "/other/")).status, 400)
    with checks.that("a code that was stolen is bound to the browser that asked for it"):
        thief = Browser(gateway)
        own = thief.send("GET", "http://gateway.test/web/start")
        state = parse_qs(urlsplit(own.location).query)["state"][0]
        code = parse_qs(urlsplit(back).query)["code"][0]
        answer = thief.send("GET", f"http://gateway.test/web/callback?code={quote(code)}&state={state}")
        same(answer.location, "http://gateway.test/login?error=code_refused")


def check_native(checks: Checks, gateway: str, issuer: str) -> None:
    """An application of its own: what the provider gives it, and what sidegate makes of that."""
    verifier = secrets.token_urlsafe(32)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    callback = CALLBACK.replace("NAME", "other")
    query = {
        "client_id": "other", "response_type": "code", "scope": "openid email", "redirect_uri": callback, "state": "s",
        "nonce": sha256(b"raw").hexdigest(), "code_challenge": challenge, "code_challenge_method": "S256",
    }
    back = Browser(gateway).consent(f"{issuer}/auth?{urlencode(query)}", "alice")
    basic = b64encode(f"other:{quote('secret of other: %+&', safe='')}".encode()).decode()
    connection = HTTPConnection(urlsplit(issuer).netloc, timeout=PATIENCE)
    form = {"grant_type": "authorization_code", "code": parse_qs(urlsplit(back).query)["code"][0], "redirect_uri": callback, "code_verifier": verifier}
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/token", urlencode(form), headers)
    granted = json.loads(connection.getresponse().read())
    browser = Browser(gateway)
    for what, body, status in (
        ("an ID token for another client of ours, with the raw nonce", {"id_token": granted["id_token"], "nonce": "raw"}, 200),
        ("one with another nonce", {"id_token": granted["id_token"], "nonce": "other"}, 401),
        ("one whose signature was changed", {"id_token": granted["id_token"][:-6] + "AAAAAA"}, 401),
        ("an access token, which shows nobody", {"access_token": granted["access_token"]}, 401),
    ):
        with checks.that(f"a native application brings {what}: {status}"):
            same(browser.send("POST", "http://gateway.test/web/token", body).status, status)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, metavar="FILE", help="the sidegate to start")
    parser.add_argument("--packages", required=True, metavar="FOLDER", help="where npm has installed oidc-provider")
    given, checks = parser.parse_args(), Checks()
    with started(given.binary, given.packages) as (gateway, issuer):
        check_logins(checks, gateway)
        check_mix_up(checks, gateway)
        check_native(checks, gateway, issuer)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
