"""Python's HTTP libraries, each as a `Client`."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
import requests

from checks import PATIENCE
from journey import WINDOW, Client, Response
from setting import PAYLOAD, Setting

VERSIONS = {10: "HTTP/1.0", 11: "HTTP/1.1"}


def libraries(setting: Setting) -> Iterator[Client]:
    yield Httpx("httpx, HTTP/1.1", setting.clear, setting, http2=False)
    yield Httpx("httpx, HTTP/1.1 over TLS", setting.tls, setting, http2=False)
    yield Httpx("httpx, HTTP/2 in clear text", setting.clear, setting, http2=True)
    yield Httpx("httpx, HTTP/2 over TLS", setting.tls, setting, http2=True)
    yield Requests("requests, HTTP/1.1", setting.clear, setting)
    yield Requests("requests, HTTP/1.1 over TLS", setting.tls, setting)
    yield Aiohttp("aiohttp, HTTP/1.1", setting.clear, setting)
    yield Aiohttp("aiohttp, HTTP/1.1 over TLS", setting.tls, setting)


def repeated(client: Client, setting: Setting, path: str, headers: dict[str, str], times: int) -> tuple[list[int], int]:
    """Counts at the gateway, since not every library can say."""
    client.close()
    setting.without_connections()
    statuses = [client.send("GET", path, headers).status for _ in range(times)]
    return statuses, setting.connections()


class Httpx:
    """httpx with h11 or h2 below it; in clear text HTTP/2 is taken for granted."""

    def __init__(self, name: str, url: str, setting: Setting, http2: bool) -> None:
        self.name, self.setting, self.version = name, setting, "HTTP/2" if http2 else "HTTP/1.1"
        # Over HTTP/2 it waits for a window that an answered request never gets, be the server nginx or haproxy.
        self.patience = WINDOW if http2 else len(PAYLOAD)
        self.options = {
            "base_url": url, "http1": not http2 or url.startswith("https"), "http2": http2,
            "verify": ssl.create_default_context(cafile=setting.authority), "timeout": PATIENCE, "follow_redirects": True,
        }
        self.client = httpx.Client(**self.options)

    def send(self, method: str, path: str, headers: dict[str, str] = {}, body: bytes | None = None) -> Response:
        return self._seen(self.client.request(method, path, headers=headers, content=body))

    def send_pieces(self, path: str, headers: dict[str, str], pieces: Iterator[bytes]) -> Response:
        return self._seen(self.client.post(path, headers=headers, content=pieces))

    def _seen(self, answer: httpx.Response) -> Response:
        return Response(answer.status_code, dict(answer.headers), answer.content, answer.http_version)

    @contextmanager
    def stream(self, path: str, headers: dict[str, str]) -> Iterator[Iterator[bytes]]:
        with self.client.stream("GET", path, headers=headers) as answer:
            yield answer.iter_raw()

    def repeat(self, path: str, headers: dict[str, str], times: int) -> tuple[list[int], int]:
        return repeated(self, self.setting, path, headers, times)

    def close(self) -> None:
        self.client.close()
        self.client = httpx.Client(**self.options)


class Requests:
    """requests, with urllib3 below it."""

    version = "HTTP/1.1"
    patience = len(PAYLOAD)

    def __init__(self, name: str, url: str, setting: Setting) -> None:
        self.name, self.url, self.setting = name, url, setting
        self.session = requests.Session()

    def _ask(self, method: str, path: str, **rest) -> requests.Response:
        return self.session.request(method, self.url + path, verify=self.setting.authority, timeout=PATIENCE, **rest)

    def send(self, method: str, path: str, headers: dict[str, str] = {}, body: bytes | None = None) -> Response:
        return self._seen(self._ask(method, path, headers=headers, data=body, allow_redirects=True))

    def send_pieces(self, path: str, headers: dict[str, str], pieces: Iterator[bytes]) -> Response:
        return self._seen(self._ask("POST", path, headers=headers, data=pieces))

    def _seen(self, answer: requests.Response) -> Response:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, answer.content, VERSIONS[answer.raw.version])

    @contextmanager
    def stream(self, path: str, headers: dict[str, str]) -> Iterator[Iterator[bytes]]:
        with self._ask("GET", path, headers=headers, stream=True) as answer:
            yield answer.iter_content(None)

    def repeat(self, path: str, headers: dict[str, str], times: int) -> tuple[list[int], int]:
        return repeated(self, self.setting, path, headers, times)

    def close(self) -> None:
        self.session.close()


class Aiohttp:
    """aiohttp, whose loop runs only while something is asked of it."""

    version = "HTTP/1.1"
    patience = len(PAYLOAD)

    def __init__(self, name: str, url: str, setting: Setting) -> None:
        self.name, self.url, self.setting = name, url, setting
        self.tls = ssl.create_default_context(cafile=setting.authority)
        self.loop = asyncio.new_event_loop()
        self.session: aiohttp.ClientSession | None = None

    def _ask(self, method: str, path: str, **rest):
        if self.session is None:
            self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE), connector=self._connector())
        return self.session.request(method, self.url + path, **rest)

    def _connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(ssl=self.tls)

    async def _seen(self, method: str, path: str, **rest) -> Response:
        async with self._ask(method, path, **rest) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            version = f"HTTP/{answer.version.major}.{answer.version.minor}"
            return Response(answer.status, headers, await answer.read(), version)

    def send(self, method: str, path: str, headers: dict[str, str] = {}, body: bytes | None = None) -> Response:
        return self.loop.run_until_complete(self._seen(method, path, headers=headers, data=body, allow_redirects=True))

    def send_pieces(self, path: str, headers: dict[str, str], pieces: Iterator[bytes]) -> Response:
        async def each() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return self.loop.run_until_complete(self._seen("POST", path, headers=headers, data=each()))

    @contextmanager
    def stream(self, path: str, headers: dict[str, str]) -> Iterator[Iterator[bytes]]:
        async def open_it() -> aiohttp.ClientResponse:
            return await self._ask("GET", path, headers=headers)

        answer = self.loop.run_until_complete(open_it())
        read = lambda: self.loop.run_until_complete(answer.content.readany())  # noqa: E731
        yield iter(read, b"")
        answer.close()

    def repeat(self, path: str, headers: dict[str, str], times: int) -> tuple[list[int], int]:
        return repeated(self, self.setting, path, headers, times)

    def close(self) -> None:
        if self.session is not None:
            self.loop.run_until_complete(self.session.close())
            self.session = None
