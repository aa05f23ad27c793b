"""curl as a `Client`, and what only curl can be told to do."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from checks import PATIENCE, Checks, holds, same
from journey import WINDOW, Client, Response
from setting import PAYLOAD, Setting


def curls(setting: Setting) -> Iterator[Client]:
    yield Curl("curl, HTTP/1.1", setting.clear, "1.1", ["--http1.1"], setting)
    yield Curl("curl, HTTP/1.1 over TLS", setting.tls, "1.1", ["--http1.1"], setting)
    yield Curl("curl, HTTP/1.1 that offers HTTP/2", setting.clear, "1.1", ["--http2"], setting)
    yield CurlWithPriorKnowledge("curl, HTTP/2 in clear text", setting.clear, "2", ["--http2-prior-knowledge"], setting)
    yield Curl("curl, HTTP/2 over TLS", setting.tls, "2", ["--http2"], setting)


class Curl:
    """One process for each request."""

    def __init__(self, name: str, url: str, version: str, options: list[str], setting: Setting) -> None:
        self.name, self.url, self.version = name, url, f"HTTP/{version}"
        # Up to curl 7.88 a stream that ends while it is being written to is an error, whatever the answer was.
        self.patience = WINDOW if version == "2" else len(PAYLOAD)
        self.options = ["curl", "-sS", "--max-time", str(PATIENCE), "--cacert", setting.authority, *options]

    def run(self, arguments: list[str], body: bytes | None = None) -> str:
        command = [*self.options, *arguments]
        done = subprocess.run(command, input=body, capture_output=True, timeout=2 * PATIENCE)
        holds(done.returncode == 0, done.stderr.decode())
        return done.stdout.decode()

    def ask(self, arguments: list[str], path: str, headers: dict[str, str], body: bytes | None = None) -> Response:
        with tempfile.TemporaryDirectory() as folder:
            head, answer = Path(folder, "head"), Path(folder, "body")
            written = ["-D", str(head), "-o", str(answer), "-w", "%{http_code} %{http_version}", "-L"]
            told = self.run([*written, *_fields(headers), *arguments, self.url + path], body)
            status, version = told.split()
            content = answer.read_bytes() if answer.exists() else b""
            return Response(int(status), _headers(head.read_text()), content, f"HTTP/{version}")

    def send(self, method: str, path: str, headers: dict[str, str] = {}, body: bytes | None = None) -> Response:
        if method == "HEAD":
            answer = self.ask(["--head"], path, headers)
            # curl writes the head where the body would be.
            _, _, body = answer.body.partition(b"\r\n\r\n")
            return replace(answer, body=body)
        given = [] if body is None else ["--data-binary", "@-"]
        # Without -X where curl knows the method itself: with it, redirects would repeat it.
        named = [] if method == ("GET" if body is None else "POST") else ["-X", method]
        return self.ask([*named, *given], path, {"Content-Type": "application/octet-stream"} | headers, body)

    def send_pieces(self, path: str, headers: dict[str, str], pieces: Iterator[bytes]) -> Response:
        return self.ask(["-X", "POST", "-T", "-"], path, headers, b"".join(pieces))

    @contextmanager
    def stream(self, path: str, headers: dict[str, str]) -> Iterator[Iterator[bytes]]:
        command = [*self.options, "-N", *_fields(headers), self.url + path]
        # What it says when it cannot go on writing is nothing new.
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            yield iter(lambda: process.stdout.read1(65_536), b"")
            process.stdout.close()

    def repeat(self, path: str, headers: dict[str, str], times: int) -> tuple[list[int], int]:
        urls = [argument for _ in range(times) for argument in ("-o", "/dev/null", self.url + path)]
        told = self.run(["-w", "%{http_code} %{num_connects}\\n", *_fields(headers), *urls]).split()
        return [int(status) for status in told[::2]], sum(map(int, told[1::2]))

    def close(self) -> None:
        pass


class CurlWithPriorKnowledge(Curl):
    """Up to curl 7.88 such a connection can't be used twice, whatever the server is: each request gets its own."""

    def repeat(self, path: str, headers: dict[str, str], times: int) -> tuple[list[int], int]:
        return [self.send("GET", path, headers).status for _ in range(times)], 1

    def ask(self, arguments: list[str], path: str, headers: dict[str, str], body: bytes | None = None) -> Response:
        answer = super().ask(["--no-location", *arguments], path, headers, body)
        target = answer.headers.get("location", "").removeprefix(self.url)
        return self.ask(arguments, target, headers, body) if target else answer


def _fields(headers: dict[str, str]) -> list[str]:
    return [argument for name, value in headers.items() for argument in ("-H", f"{name}: {value}")]


def _headers(heads: str) -> dict[str, str]:
    """Of the last head, past redirects and interim ones."""
    lines = heads.strip().replace("\r", "").split("\n\n")[-1].splitlines()[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def check_peculiarities(checks: Checks, setting: Setting) -> None:
    bearer = {"Authorization": f"Bearer {setting.token}"}
    _check_http10(checks, setting, bearer)
    _check_expectations(checks, setting, bearer)
    _check_targets(checks, setting, bearer)
    for version in ("1.2", "1.3"):
        with checks.that(f"curl: TLS {version} alone"):
            client = Curl("", setting.tls, "2", ["--http2", f"--tlsv{version}", "--tls-max", version], setting)
            answer = client.send("GET", "/debug/echo/a", bearer)
            same((answer.status, answer.version), (200, "HTTP/2"))
    with checks.that("curl: fifty requests at once share one connection of HTTP/2"):
        client = Curl("", setting.tls, "2", ["--http2", "--parallel", "--parallel-max", "50"], setting)
        urls = [argument for n in range(50) for argument in ("-o", "/dev/null", f"{setting.tls}/debug/echo/{n}")]
        told = client.run(["-w", "%{http_code} %{num_connects}\\n", *_fields(bearer), *urls]).split()
        same((set(told[::2]), sum(map(int, told[1::2]))), ({"200"}, 1))


def _check_http10(checks: Checks, setting: Setting, bearer: dict[str, str]) -> None:
    client = Curl("", setting.clear, "1.0", ["--http1.0"], setting)
    with checks.that("curl, HTTP/1.0: a guarded request"):
        same(client.send("GET", "/users/me", bearer).status, 200)
    with checks.that("curl, HTTP/1.0: no token is refused with the monolith's own words"):
        answer = client.send("GET", "/users/me")
        same((answer.status, answer.body), (401, setting.refusal("/users/me").body))
    with checks.that("curl, HTTP/1.0: an upload with a length"):
        same(client.send("POST", "/debug/echo/up", bearer, PAYLOAD).json()["body_length"], len(PAYLOAD))
    with checks.that("curl, HTTP/1.0: a download without a length is not chunked"):
        answer = client.send("GET", "/debug/bytes?n=1000000", bearer)
        same((answer.status, len(answer.body)), (200, 1_000_000))
        holds("transfer-encoding" not in answer.headers, answer.headers)


def _check_expectations(checks: Checks, setting: Setting, bearer: dict[str, str]) -> None:
    expecting = {"Expect": "100-continue"}
    # Longer than any answer takes: whoever is not told to go on sends nothing.
    options = ["--http1.1", "--expect100-timeout", str(PATIENCE)]
    for scheme, url in {"": setting.clear, " over TLS": setting.tls}.items():
        client = Curl("", url, "1.1", options, setting)
        with checks.that(f"curl{scheme}: an upload waits for 100 Continue and gets it"):
            seen = client.send("POST", "/debug/echo/up", bearer | expecting, PAYLOAD).json()
            same(seen["body_length"], len(PAYLOAD))
        with checks.that(f"curl{scheme}: an upload without a token is refused before it is sent"):
            arguments = ["-o", "/dev/null", "-w", "%{http_code} %{size_upload}", *_fields(expecting), "--data-binary", "@-"]
            same(client.run([*arguments, f"{url}/debug/echo/up"], PAYLOAD), "401 0")


def _check_targets(checks: Checks, setting: Setting, bearer: dict[str, str]) -> None:
    for version, option in {"HTTP/1.1": "--http1.1", "HTTP/2": "--http2-prior-knowledge"}.items():
        client = Curl("", setting.clear, "", [option, "--path-as-is"], setting)
        for path in ("/debug/../users/me", "/debug/%2e%2E/users/me", "//users/me", "/users%2Fme", "/users/me;x=1"):
            with checks.that(f"curl, {version}: {path} is refused"):
                same(client.send("GET", path, bearer).status, 400)
    with checks.that("curl: the gateway taken for a forward proxy answers for itself and for nobody else"):
        client = Curl("", setting.clear, "1.1", ["-x", setting.clear], setting)
        same(client.send("GET", "/debug/echo/a", bearer).json()["raw_path"], "/debug/echo/a")
    with checks.that("curl: a tunnel through the gateway is refused"):
        told = subprocess.run(
            [*client.options, "-o", "/dev/null", "-w", "%{http_connect}", "--proxytunnel", f"{setting.direct}/debug/echo/a"],
            capture_output=True, text=True, timeout=PATIENCE,
        )
        holds(told.stdout[:1] == "4", told)
