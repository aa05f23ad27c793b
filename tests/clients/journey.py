"""What every HTTP client does: it signs in, asks, is refused, uploads, downloads, streams and keeps its connection."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Protocol

from checks import Checks, holds, same
from setting import CREDENTIALS, MEMBER, PAYLOAD, Setting, pattern
from wire import claims_of

MEGABYTES = 8 * 1024 * 1024 + 7
ROUNDS = 10
# Less than the first window of HTTP/2.
WINDOW = 60_000
PIECE = 10_000


@dataclass(frozen=True)
class Response:
    """What a client says it has got."""

    status: int
    headers: dict[str, str]
    body: bytes
    version: str

    def json(self):
        return json.loads(self.body)


class Client(Protocol):
    """One library, spoken to in one way."""

    name: str
    version: str
    # How much of an upload may be on its way when the answer comes, for the client to see that answer.
    patience: int

    def send(self, method: str, path: str, headers: dict[str, str] = {}, body: bytes | None = None) -> Response:
        """A request, with a length if it has a body. Redirects are followed."""

    def send_pieces(self, path: str, headers: dict[str, str], pieces: Iterator[bytes]) -> Response:
        """A POST whose length is not said."""

    def stream(self, path: str, headers: dict[str, str]) -> AbstractContextManager[Iterator[bytes]]:
        """The body of a GET, as it arrives."""

    def repeat(self, path: str, headers: dict[str, str], times: int) -> tuple[list[int], int]:
        """As many GETs, one after the other: their statuses, and the connections that they have taken."""

    def close(self) -> None:
        """Ends its connections."""


@dataclass(frozen=True)
class Journey:
    """One client's way through everything."""

    setting: Setting
    client: Client
    checks: Checks

    def that(self, name: str):
        return self.checks.that(f"{self.client.name}: {name}")

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.setting.token}"}

    def run(self) -> None:
        try:
            self.accounts()
            self.guard()
            self.uploads()
            self.downloads()
            self.waiting()
            self.reuse()
            self.refused_uploads()
        finally:
            self.client.close()

    def accounts(self) -> None:
        kind, send = {"Content-Type": "application/json"}, self.client.send
        with self.that("signs in, refreshes, and uses the new token"):
            pair = send("POST", "/auth/token/pair", kind, json.dumps(CREDENTIALS).encode())
            same((pair.status, pair.version), (200, self.client.version))
            same(claims_of(pair.json()["access_token"])["sub"], MEMBER)
            again = json.dumps({"token": pair.json()["refresh_token"]}).encode()
            access = send("POST", "/auth/token/refresh", kind, again).json()["access_token"]
            profile = send("GET", "/users/me", {"Authorization": f"Bearer {access}"})
            same((profile.status, profile.json()["email"]), (200, CREDENTIALS["email"]))
        with self.that("a wrong password is refused"):
            wrong = json.dumps(CREDENTIALS | {"password": "wrong"}).encode()
            same(send("POST", "/auth/token/pair", kind, wrong).status, 401)

    def guard(self) -> None:
        send = self.client.send
        with self.that("a guarded request reaches the monolith, which learns who it is and from nobody else"):
            spoofed = self.bearer | {"X-User-Id": "2", "X_User_Id": "3"}
            answer = send("GET", "/debug/echo/a?b=c%20d", spoofed)
            same((answer.status, answer.version), (200, self.client.version))
            seen = answer.json()
            names = [name for name, _ in seen["headers"]]
            same([value for name, value in seen["headers"] if name == "x-user-id"], [MEMBER])
            same((seen["raw_path"], seen["query"], seen["http_version"]), ("/debug/echo/a", "b=c%20d", "1.1"))
            holds("x_user_id" not in names and names.count("host") == 1, names)
        tries = {"no token": None, "a bad token": "not.a.token", "an expired token": self.setting.expired}
        for name, token in tries.items():
            with self.that(f"{name} is refused with the monolith's own words"):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                expected = self.setting.refusal("/users/me", list(headers.items()))
                answer = send("GET", "/users/me", headers)
                same((answer.status, answer.body), (401, expected.body))
                same(answer.headers["content-type"], expected.header("content-type"))
                same(answer.headers["www-authenticate"].split()[0], "Bearer")
        with self.that("a redirect leads back through the gateway"):
            answer = send("GET", "/items/latest", self.bearer)
            same((answer.status, "is_mine" in answer.json()), (200, True))
        with self.that("HEAD has no body"):
            answer = send("HEAD", "/items", self.bearer)
            same((answer.status, answer.body), (200, b""))
            holds(int(answer.headers["x-total-count"]) > 0, answer.headers)

    def uploads(self) -> None:
        digest = sha256(PAYLOAD).hexdigest()
        with self.that("an upload with a length arrives whole"):
            seen = self.client.send("POST", "/debug/echo/up", self.bearer, PAYLOAD).json()
            same((seen["body_length"], seen["body_sha256"]), (len(PAYLOAD), digest))
        with self.that("an upload without a length arrives whole"):
            seen = self.client.send_pieces("/debug/echo/up", self.bearer, pieces(PAYLOAD)).json()
            same((seen["body_length"], seen["body_sha256"]), (len(PAYLOAD), digest))

    def refused_uploads(self) -> None:
        """Last, since either may end the connection."""
        sent = PAYLOAD[: self.client.patience]
        with self.that("an upload that is refused shows its refusal"):
            same(self.client.send("POST", "/debug/echo/up", {}, sent).status, 401)
        if sent == PAYLOAD:
            with self.that("an upload without a length that is refused shows its refusal"):
                same(self.client.send_pieces("/debug/echo/up", {}, pieces(sent)).status, 401)
        with self.that("the next request is answered as ever"):
            same(self.client.send("GET", "/debug/echo/a", self.bearer).status, 200)

    def downloads(self) -> None:
        for name, sized in {"with a length": "true", "without a length": "false"}.items():
            with self.that(f"a download {name} arrives whole"):
                answer = self.client.send("GET", f"/debug/bytes?n={MEGABYTES}&sized={sized}", self.bearer)
                same(answer.headers.get("content-length"), str(MEGABYTES) if sized == "true" else None)
                same(sha256(answer.body).digest(), sha256(pattern(MEGABYTES)).digest())

    def waiting(self) -> None:
        name = token_hex(8)
        with self.that("server-sent events arrive one by one"):
            with self.client.stream(f"/debug/events/{name}-events", self.bearer) as pieces:
                same(_until(pieces, b"data: first\n\n"), b"id: 1\ndata: first\n\n")
                self.setting.open_gate(f"{name}-events")
                same(b"".join(pieces), b"id: 2\ndata: second\n\n")
        with self.that("a long poll is answered when there is something to say"):
            with self.setting.opening(f"{name}-poll"):
                same(self.client.send("GET", f"/debug/gates/{name}-poll", self.bearer).status, 200)
        with self.that("a download that is broken off disturbs nobody"):
            with self.client.stream(f"/debug/bytes?n={MEGABYTES}", self.bearer) as pieces:
                holds(len(next(pieces)) > 0, "nothing")
            same(self.client.send("GET", "/debug/echo/a", self.bearer).status, 200)

    def reuse(self) -> None:
        with self.that(f"{ROUNDS} requests share one connection"):
            same(self.client.repeat("/debug/echo/a", self.bearer, ROUNDS), ([200] * ROUNDS, 1))


def pieces(payload: bytes) -> Iterator[bytes]:
    for start in range(0, len(payload), PIECE):
        yield payload[start : start + PIECE]


def _until(pieces: Iterator[bytes], end: bytes) -> bytes:
    read = b""
    while not read.endswith(end):
        read += next(pieces)
    return read
