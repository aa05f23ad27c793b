#!/usr/bin/env python3
"""Tokens of the monolith and of sidegate are one currency.

Whoever issued it, by whichever route: both sides accept it, python-jose and PyJWT accept it with the shared secret,
it carries `exp` and `sub` and nothing else, and a refresh token is no access token, nor the reverse.
Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import os
import sys
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

import jwt as pyjwt
from jose import JWTError
from jose import jwt as jose

from client_cases import login_target
from wire import ALGORITHM, Answer, claims_of, header_of, mint, post_json, send

ACCESS_SECONDS = 30 * 86_400
REFRESH_SECONDS = 60 * 86_400
UNSIGNED_HEADER = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")


@dataclass(frozen=True)
class Pair:
    """An access and a refresh token, who issued them, and when."""

    origin: str
    access: str
    refresh: str
    asked_at: float


@dataclass
class Checks:
    """Counts and prints."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)

    def that(self, name: str, holds: bool, seen: object = "") -> None:
        if holds:
            self.passed += 1
        else:
            self.failed.append(name)
        print(f"{'ok  ' if holds else 'FAIL'} {name}" + ("" if holds else f": {seen}"))

    def status(self, name: str, expected: int, answer: Answer) -> None:
        self.that(name, answer.status == expected, f"status {answer.status}, expected {expected}")


def me(url: str, token: str) -> Answer:
    return send(url, "GET", "/users/me", [("Authorization", f"Bearer {token}")])


def issued(side: str, url: str, given: argparse.Namespace) -> list[Pair]:
    """One pair by each route that issues one; the refreshed access token makes the third."""
    login = send(url, "POST", login_target(given.email, given.password))
    pair = post_json(url, "/auth/token/pair", {"email": given.email, "password": given.password})
    if (login.status, pair.status) != (200, 200):
        raise SystemExit(f"{side}: the logins answered {login.status} and {pair.status}")
    tokens = {"login": (login, login.json()["token"]), "pair": (pair, pair.json())}
    refreshed = post_json(url, "/auth/token/refresh", {"token": pair.json()["refresh_token"]})
    if refreshed.status != 200:
        raise SystemExit(f"{side}: the refresh answered {refreshed.status}")
    tokens["refresh"] = (refreshed, refreshed.json())
    return [
        Pair(f"{side}'s {route}", body["access_token"], body["refresh_token"], answer.asked_at)
        for route, (answer, body) in tokens.items()
    ]


def libraries_accept(token: str, secret: str) -> bool:
    try:
        return jose.decode(token, secret, algorithms=[ALGORITHM]) == pyjwt.decode(token, secret, algorithms=[ALGORITHM])
    except (JWTError, pyjwt.PyJWTError):
        return False


def libraries_refuse(token: str, secret: str) -> bool:
    for decode, failure in ((jose.decode, JWTError), (pyjwt.decode, pyjwt.PyJWTError)):
        try:
            decode(token, secret, algorithms=[ALGORITHM])
            return False
        except failure:
            continue
    return True


def check_shape(checks: Checks, pair: Pair, given: argparse.Namespace) -> None:
    kinds = (
        ("access", pair.access, given.secret, given.refresh_secret, ACCESS_SECONDS),
        ("refresh", pair.refresh, given.refresh_secret, given.secret, REFRESH_SECONDS),
    )
    for kind, token, secret, other_secret, lifetime in kinds:
        name, claims = f"{pair.origin}: {kind} token", claims_of(token)
        checks.that(f"{name} has exactly exp and sub", list(claims) == ["exp", "sub"], list(claims))
        checks.that(f"{name} has the user id as a string", isinstance(claims["sub"], str) and claims["sub"].isdigit())
        checks.that(f"{name} has exp as a whole number", type(claims["exp"]) is int)
        checks.that(f"{name} has the usual header", header_of(token) == {"alg": ALGORITHM, "typ": "JWT"}, header_of(token))
        apart = claims["exp"] - pair.asked_at - lifetime
        # A refresh hands the older token back, so its lifetime began a little earlier.
        checks.that(f"{name} lives {lifetime // 86_400} days", -3 <= apart <= 2, f"{apart:.1f} s apart")
        checks.that(f"{name} is accepted by both libraries", libraries_accept(token, secret))
        checks.that(f"{name} is refused with the other secret", libraries_refuse(token, other_secret))


def check_use(checks: Checks, pair: Pair, side: str, url: str) -> None:
    name = f"{pair.origin} at {side}"
    checks.status(f"{name}: access token opens /users/me", 200, me(url, pair.access))
    checks.status(f"{name}: refresh token is no access token", 401, me(url, pair.refresh))
    refreshed = post_json(url, "/auth/token/refresh", {"token": pair.refresh})
    checks.status(f"{name}: refresh token is accepted", 200, refreshed)
    if refreshed.status == 200:
        body = refreshed.json()
        checks.that(f"{name}: the same refresh token comes back", body["refresh_token"] == pair.refresh)
        checks.status(f"{name}: the new access token opens /users/me", 200, me(url, body["access_token"]))
    crossed = post_json(url, "/auth/token/refresh", {"token": pair.access})
    checks.status(f"{name}: access token is no refresh token", 401, crossed)
    for kind, token, expected in (("access", pair.access, True), ("refresh", pair.refresh, False)):
        verdict = post_json(url, "/auth/token/verify", {"token": token})
        checks.that(f"{name}: verify of the {kind} token is {expected}", verdict.json() == {"bool": expected}, verdict.status)


def check_foreign(checks: Checks, subject: str, side: str, url: str, secret: str) -> None:
    """Tokens that neither side issued: good ones from the libraries, and bad ones."""
    good = mint(secret, subject, 600)
    by_pyjwt = pyjwt.encode({"exp": claims_of(good)["exp"], "sub": subject}, secret, algorithm=ALGORITHM)
    header, payload, signature = good.split(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    checks.status(f"{side}: a token by python-jose is accepted", 200, me(url, good))
    checks.status(f"{side}: a token by PyJWT is accepted", 200, me(url, by_pyjwt))
    bad = {
        "with another signature": f"{header}.{payload}.{flipped}",
        "without a signature": f"{header}.{payload}.",
        "with algorithm none": f"{UNSIGNED_HEADER}.{payload}.",
        "signed with another secret": mint("another-secret-of-sufficient-length-0000", subject, 600),
        "by HS512": jose.encode(claims_of(good), secret, algorithm="HS512"),
        "that has expired": mint(secret, subject, -600),
        "of an unknown user": mint(secret, "99999999", 600),
        "of a banned user": mint(secret, "3", 600),
        "of a withdrawn user": mint(secret, "4", 600),
    }
    for name, token in bad.items():
        answer = me(url, token)
        checks.status(f"{side}: a token {name} is refused", 401, answer)
        verdict = post_json(url, "/auth/token/verify", {"token": token})
        checks.that(f"{side}: verify of a token {name} is false", verdict.body == b'{"bool":false}', verdict.status)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direct", required=True, metavar="URL", help="the monolith")
    parser.add_argument("--through", required=True, metavar="URL", help="sidegate in front of it")
    parser.add_argument("--secret", default=os.environ.get("SECRET_KEY"), help="of access tokens; or SECRET_KEY")
    parser.add_argument("--refresh-secret", default=os.environ.get("REFRESH_TOKEN_SECRET_KEY"), help="of refresh tokens")
    parser.add_argument("--email", default="jiwoo@example.com")
    parser.add_argument("--password", default="비밀번호-7🔑")
    given = parser.parse_args()
    if not given.secret or not given.refresh_secret:
        parser.error("--secret and --refresh-secret are needed to check signatures")
    return given


def main() -> int:
    given, checks = arguments(), Checks()
    sides = {"the monolith": given.direct, "sidegate": given.through}
    pairs = [pair for side, url in sides.items() for pair in issued(side, url, given)]
    for pair in pairs:
        check_shape(checks, pair, given)
        for side, url in sides.items():
            check_use(checks, pair, side, url)
    subjects = {claims_of(token)["sub"] for pair in pairs for token in (pair.access, pair.refresh)}
    checks.that("all tokens name the same user", len(subjects) == 1, subjects)
    for side, url in sides.items():
        check_foreign(checks, next(iter(subjects)), side, url, given.secret)
    print(f"{checks.passed} passed, {len(checks.failed)} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
