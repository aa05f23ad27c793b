#!/usr/bin/env python3
"""The example of `deploy/`, tried for real: a FastAPI application that believes sidegate's assertions and nothing else.

Good ones, none, expired ones, those for another upstream, forged ones that a client sends through the gateway or past it; and a key
that follows another. Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import hmac
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import jwt
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Request

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "legacy"))
sys.path.insert(0, str(HERE.parent.parent / "deploy"))

from checks import PATIENCE, Checks, becomes, same  # noqa: E402
from wire import Answer, send  # noqa: E402

HEADER = "X-Sidegate-Assertion"
KEYS = "/.well-known/jwks.json"


def new_key(path: Path) -> str:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(pem)
    return pem.decode()


def public(pem: str) -> bytes:
    key = serialization.load_pem_private_key(pem.encode(), None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    direct: str
    through: str
    folder: Path
    access: str
    own: str
    lines: list[dict]

    def token(self, subject: str, **claims: object) -> str:
        claims = {"exp": int(time.time()) + 3600, "sub": subject, "iss": "sidegate", "aud": "api"} | claims
        return jwt.encode(claims, self.access, algorithm="ES256", headers={"kid": "access"})

    def ask(self, path: str, subject: str, headers: list[tuple[str, str]] = [], **claims: object) -> Answer:
        """Through the gateway."""
        return send(self.through, "GET", path, [("Authorization", f"Bearer {self.token(subject, **claims)}"), *headers])

    def past(self, assertion: str | None, headers: list[tuple[str, str]] = []) -> Answer:
        """Past the gateway."""
        own = [(HEADER, assertion)] if assertion is not None else []
        return send(self.direct, "GET", "/me", [*own, *headers])

    def fetches(self) -> int:
        return sum(line.get("path") == KEYS for line in self.lines)


def application() -> FastAPI:
    """Imported here, since the example wants to know where the keys are."""
    from fastapi_assertion import Caller

    app = FastAPI()

    @app.get("/{path:path}")
    def me(caller: Caller, request: Request) -> dict:
        return {"caller": caller, "assertion": request.headers[HEADER]}

    return app


@contextmanager
def serving(listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(application(), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


@contextmanager
def gateway(binary: str, folder: Path, application: str) -> Iterator[tuple[str, list[dict]]]:
    # Later than everything that is checked before.
    turn = datetime.now(UTC) + timedelta(seconds=20)
    environment = os.environ | {
        "APPLICATION": application, "RUNTIME_DIRECTORY": str(folder), "ACTIVE_FROM": turn.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    command = [binary, "run", "--config", str(folder / "gateway.yaml")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines: list[dict] = []
    threading.Thread(target=lambda: lines.extend(map(json.loads, process.stdout)), daemon=True).start()
    try:
        for line in process.stderr:
            entry = json.loads(line) if line.startswith("{") else {"message": line}
            if entry["message"] == "listening":
                break
            print(f"sidegate: {line.rstrip()}", flush=True)
        else:
            raise SystemExit("sidegate did not start")
        threading.Thread(target=lambda: [print(f"sidegate: {line.rstrip()}") for line in process.stderr], daemon=True).start()
        yield f"http://{entry['address']}", lines
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def started(binary: str) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listening:
        folder, direct = Path(name), f"http://127.0.0.1:{listening.getsockname()[1]}"
        access, own = new_key(folder / "access.pem"), new_key(folder / "own.pem")
        new_key(folder / "next.pem")
        (folder / "gateway.yaml").write_text((HERE / "assertions.yaml").read_text())
        with gateway(binary, folder, direct) as (through, lines):
            os.environ["SIDEGATE_KEYS"] = through + KEYS
            with serving(listening):
                yield Place(direct, through, folder, access, own, lines)


def check_good(checks: Checks, place: Place) -> None:
    with checks.that("a caller is who the gateway says"):
        for subject in ("1", "2", "1"):
            answer = place.ask("/me", subject, level=3)
            same((answer.status, answer.json()["caller"]["sub"]), (200, subject))
            same(answer.json()["caller"]["level"], 3)
    with checks.that("the keys are read once for many requests"):
        for subject in range(20):
            same(place.ask("/me", str(subject)).status, 200)
        becomes(place.fetches, 1)
    with checks.that("an anonymous request is not asserted"):
        same(send(place.through, "GET", "/optional/me").status, 401)
        same(place.ask("/optional/me", "1").status, 200)


def check_forged_through(checks: Checks, place: Place) -> None:
    stolen = place.ask("/me", "9").json()["assertion"]
    for name in (HEADER, HEADER.lower(), "X_Sidegate_Assertion", "x-sidegate_assertion"):
        with checks.that(f"a client that sends {name} through the gateway stays who it is"):
            same(place.ask("/me", "1", [(name, stolen)]).json()["caller"]["sub"], "1")
            same(send(place.through, "GET", "/optional/me", [(name, stolen)]).status, 401)


def forgeries(place: Place) -> Iterator[tuple[str, str | None]]:
    """What somebody could send past the gateway."""
    now = int(time.time())
    claims = {"iss": "sidegate", "sub": "1", "aud": "api", "iat": now, "exp": now + 60}
    header = {"kid": "first", "typ": "assertion+jwt"}

    def signed(key: str, **others: object) -> str:
        return jwt.encode(claims | others, key, algorithm="ES256", headers=header)

    def with_hmac(secret: bytes) -> str:
        parts = ({"alg": "HS256"} | header, claims)
        message = ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        return f"{message}.{urlsafe_b64encode(hmac.digest(secret, message.encode(), sha256)).rstrip(b'=').decode()}"

    yield "nothing", None
    yield "an empty text", ""
    yield "garbage", "a.b.c"
    yield "an assertion by another key", signed(new_key(place.folder / "forged.pem"))
    yield "one without a signature", jwt.encode(claims, None, algorithm="none", headers=header)
    yield "one with the public key as a secret", with_hmac(public(place.own))
    yield "one that names no key", jwt.encode(claims, place.own, algorithm="ES256", headers={"typ": "assertion+jwt"})
    yield "one of an unknown key", jwt.encode(claims, place.own, algorithm="ES256", headers=header | {"kid": "../first"})
    yield "one that has expired", signed(place.own, iat=now - 120, exp=now - 60)
    yield "one of the future", signed(place.own, iat=now + 60, exp=now + 120)
    yield "one without an end", jwt.encode({name: claims[name] for name in ("iss", "sub", "aud", "iat")}, place.own, algorithm="ES256", headers=header)
    yield "one for another upstream, by the gateway's key", signed(place.own, aud="other")
    yield "one of another issuer, by the gateway's key", signed(place.own, iss="https://idp.example.com")
    yield "an access token with the same audience and issuer", place.token("1")


def check_past(checks: Checks, place: Place) -> None:
    for name, assertion in forgeries(place):
        with checks.that(f"whoever sends {name} past the gateway is refused"):
            same(place.past(assertion, [("X-User-Id", "1")]).status, 401)
    with checks.that("what the gateway asserts to another upstream is not believed"):
        same(place.ask("/other/me", "1").status, 401)
    with checks.that("an assertion is the same thing whoever carries it"):
        same(place.past(place.ask("/me", "1").json()["assertion"]).json()["caller"]["sub"], "1")


def check_rotation(checks: Checks, place: Place) -> None:
    def kid(subject: str) -> str:
        answer = place.ask("/me", subject)
        same(answer.status, 200)
        same(answer.json()["caller"]["sub"], subject)
        return jwt.get_unverified_header(answer.json()["assertion"])["kid"]

    with checks.that("a key that was published before it signs is known when it does, and the old one goes on"):
        before = place.ask("/me", "1").json()["assertion"]
        # Another subject each time: what is kept for one is by the key that it was signed by.
        subjects = itertools.count(100)
        becomes(lambda: kid(str(next(subjects))), "second")
        same(place.past(before).status, 200)
        same(place.fetches(), 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, metavar="FILE", help="the sidegate to start")
    given, checks = parser.parse_args(), Checks()
    with started(given.binary) as place:
        for check in (check_good, check_forged_through, check_past, check_rotation):
            check(checks, place)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
