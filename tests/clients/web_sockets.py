"""Python's websockets through sidegate to uvicorn."""

import asyncio
import json
import ssl
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from checks import PATIENCE, Checks, holds, same
from setting import MEMBER, PAYLOAD, Setting
from wire import send

MESSAGES = 200


class Pinged(ClientConnection):
    """Counts the pings of the server."""

    pings = 0

    def process_event(self, event) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)


@dataclass(frozen=True)
class Sockets:
    """One way to the gateway."""

    name: str
    url: str
    setting: Setting
    checks: Checks
    tls: ssl.SSLContext | None = None

    def that(self, name: str):
        return self.checks.that(f"websockets{self.name}: {name}")

    def connect(self, name: str, headers: dict[str, str] | None = None, **rest) -> connect:
        bearer = {"Authorization": f"Bearer {self.setting.token}"}
        given = {"additional_headers": bearer if headers is None else headers, "open_timeout": PATIENCE} | rest
        return connect(f"{self.url}/debug/socket/{name}", ssl=self.tls, max_size=None, proxy=None, **given)

    async def run(self) -> None:
        await self.tokens()
        await self.refusals()
        await self.messages()
        await self.pings()
        await self.closes()

    async def tokens(self) -> None:
        token = self.setting.token
        with self.that("a token in Authorization opens it, and the monolith learns who it is"):
            async with self.connect("who", {"Authorization": f"Bearer {token}", "X-User-Id": "2"}) as socket:
                same(json.loads(await socket.recv()), {"user": MEMBER, "offered": []})
        with self.that("a token in a cookie opens it"):
            async with self.connect("who", {"Cookie": f"a=b; access_token={token}"}) as socket:
                same(json.loads(await socket.recv())["user"], MEMBER)
        with self.that("a token among the subprotocols opens it and stays behind"):
            offered = [Subprotocol("bearer"), Subprotocol(token)]
            async with self.connect("who", {}, subprotocols=offered) as socket:
                same(json.loads(await socket.recv()), {"user": MEMBER, "offered": ["bearer"]})
                same(socket.subprotocol, "bearer")
        with self.that("a subprotocol beside the token is negotiated"):
            offered = [Subprotocol("bearer"), Subprotocol(token), Subprotocol("chat.v2")]
            async with self.connect("who", {}, subprotocols=offered) as socket:
                same(json.loads(await socket.recv())["offered"], ["bearer", "chat.v2"])

    async def refusals(self) -> None:
        expected = self.setting.refusal("/users/me").body
        tries = {
            "no token": {}, "a bad token": {"Authorization": "Bearer x.y.z"}, "a bad cookie": {"Cookie": "access_token=x"},
            "an expired token": {"Authorization": f"Bearer {self.setting.expired}"},
            "an expired cookie": {"Cookie": f"access_token={self.setting.expired}"},
        }
        for name, headers in tries.items():
            with self.that(f"{name} opens nothing"):
                response = await self._refused(headers)
                same(response.status_code, 401)
                holds(name != "no token" or response.body == expected, response.body)
        with self.that("a page of another site opens nothing"):
            bearer = {"Cookie": f"access_token={self.setting.token}"}
            same((await self._refused(bearer | {"Origin": "https://evil.example"})).status_code, 403)

    async def _refused(self, headers: dict[str, str]):
        try:
            async with self.connect("refused", headers):
                raise AssertionError("it opened")
        except InvalidStatus as refusal:
            return refusal.response

    async def messages(self) -> None:
        async with self.connect("messages") as socket:
            await socket.recv()
            with self.that(f"{MESSAGES} messages come back in their order"):
                sent = [f"{number}: 안녕 🔑" if number % 2 else bytes([number]) * number for number in range(MESSAGES)]
                for message in sent:
                    await socket.send(message)
                same([await socket.recv() for _ in sent], sent)
            with self.that("empty messages"):
                await socket.send("")
                await socket.send(b"")
                same((await socket.recv(), await socket.recv()), ("", b""))
            with self.that("a message in fragments"):
                await socket.send([PAYLOAD[:100_000], b"", PAYLOAD[100_000:300_000]])
                same(await socket.recv(), PAYLOAD[:300_000])
        for name, compression in {"compressed": "deflate", "not compressed": None}.items():
            with self.that(f"a message of {len(PAYLOAD) * 3 // 1_000_000} MB, {name}"):
                async with self.connect("large", compression=compression) as socket:
                    await socket.recv()
                    await socket.send(PAYLOAD * 3)
                    same(sha256(await socket.recv()).digest(), sha256(PAYLOAD * 3).digest())

    async def pings(self) -> None:
        async with self.connect("pings", create_connection=Pinged) as socket:
            await socket.recv()
            with self.that("a ping is answered"):
                await asyncio.wait_for(await socket.ping(b"are you there"), PATIENCE)
            with self.that("a socket on which nothing is said lives on, by the server's pings"):
                while socket.pings < 6:
                    await asyncio.sleep(0.05)
                await socket.send("still here")
                same(await socket.recv(), "still here")

    async def closes(self) -> None:
        for code in (1000, 1001, 1013, 4001):
            with self.that(f"the server learns that the client closes with {code}"):
                name = token_hex(8)
                async with self.connect(name) as socket:
                    await socket.close(code, "farewell")
                answer = await asyncio.to_thread(send, self.setting.direct, "GET", f"/debug/departures/{name}")
                same(answer.json(), {"code": code})
            with self.that(f"the client learns that the server closes with {code}"):
                async with self.connect(f"closed?close={code}") as socket:
                    await socket.recv()
                    await socket.send("go")
                    try:
                        await socket.recv()
                        raise AssertionError("it stayed open")
                    except ConnectionClosed as closed:
                        same((closed.rcvd.code, closed.rcvd.reason), (code, "as asked"))


def check_sockets(checks: Checks, setting: Setting) -> None:
    context = ssl.create_default_context(cafile=setting.authority)
    for sockets in (
        Sockets("", setting.clear.replace("http", "ws", 1), setting, checks),
        Sockets(" over TLS", setting.tls.replace("https", "wss", 1), setting, checks, context),
    ):
        asyncio.run(asyncio.wait_for(sockets.run(), 4 * PATIENCE))
