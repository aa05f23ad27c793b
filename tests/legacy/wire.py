"""One request over one connection, with the target and the headers exactly as given.

No redirect is followed, nothing is decoded, normalised or added except `Host` and the body's length:
a client library that tidies requests would hide what these tests look for.
"""

import http.client
import json
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from urllib.parse import urlsplit

from jose import jwt

# What sidegate and the monolith are both asked for, so that absolute URLs in answers are equal.
HOST = "api.example.com"
ALGORITHM = "HS256"


@dataclass(frozen=True)
class Answer:
    """What came back, and when it was asked for."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    asked_at: float

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self):
        return json.loads(self.body)


def send(url: str, method: str, target: str, headers: list[tuple[str, str]] = [], body: bytes | None = None, host: str = HOST) -> Answer:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    try:
        asked_at = time.time()
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in [("Host", host), *headers]:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        received = [(name.lower(), value) for name, value in response.getheaders()]
        return Answer(response.status, received, response.read(), asked_at)
    finally:
        connection.close()


def ask_operators(url: str, target: str, headers: list[tuple[str, str]] = []) -> Answer:
    """Asks the listener for operators, which answers to its address and to no other name."""
    return send(url, "GET", target, headers, host=urlsplit(url).netloc)


def post_json(url: str, target: str, value: object) -> Answer:
    return send(url, "POST", target, [("Content-Type", "application/json")], json.dumps(value).encode())


def mint(secret: str, subject: object, lifetime: int) -> str:
    return jwt.encode({"exp": int(time.time()) + lifetime, "sub": subject}, secret, algorithm=ALGORITHM)


def claims_of(token: str) -> dict:
    """The claims without a check of the signature, in the order in which they were written."""
    return _segment(token, 1)


def header_of(token: str) -> dict:
    return _segment(token, 0)


def _segment(token: str, index: int) -> dict:
    text = token.split(".")[index]
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
