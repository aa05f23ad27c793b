"""Endpoints that show or disturb the transport. They ask for no token and touch no table."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse

router = APIRouter(prefix="/debug", tags=["debug"], include_in_schema=False)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
BLOCK = bytes(range(256)) * 256
# Longer than any test waits, so that one that fails leaves nothing behind.
PATIENCE = 60.0


@dataclass
class Gate:
    """Lets a test decide when an answer goes on, and know that somebody waits for it."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        self.reached.set()
        await asyncio.wait_for(self.opened.wait(), PATIENCE)

    async def open(self) -> None:
        await asyncio.wait_for(self.reached.wait(), PATIENCE)
        self.opened.set()


gates: defaultdict[str, Gate] = defaultdict(Gate)
# The close codes that have arrived, by the name that the socket was given.
departures: defaultdict[str, asyncio.Queue[int]] = defaultdict(asyncio.Queue)


@router.api_route("/echo", methods=METHODS)
@router.api_route("/echo/{rest:path}", methods=METHODS)
async def echo(request: Request):
    """What arrived, as it arrived: header names are lower-case, their order is kept."""
    digest, length = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        length += len(chunk)
    return JSONResponse(
        {
            "method": request.method,
            "raw_path": request.scope["raw_path"].decode("latin-1"),
            "query": request.scope["query_string"].decode("latin-1"),
            "http_version": request.scope["http_version"],
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.scope["headers"]],
            "body_sha256": digest.hexdigest(),
            "body_length": length,
        }
    )


@router.post("/slow")
async def slow(seconds: Annotated[float, Query(ge=0, le=120)] = 1.0):
    await asyncio.sleep(seconds)
    return {"slept": seconds}


@router.get("/bytes")
async def stream_bytes(n: Annotated[int, Query(ge=0)], sized: bool = False):
    """`n` bytes of a fixed pattern: chunked, or with a Content-Length if `sized`."""
    headers = {"Content-Length": str(n)} if sized else None
    return StreamingResponse(_pattern(n), media_type="application/octet-stream", headers=headers)


async def _pattern(length: int) -> AsyncIterator[bytes]:
    for start in range(0, length, len(BLOCK)):
        yield BLOCK[: length - start]


@router.post("/drop")
async def drop(sized: bool = True):
    """Closes the connection in the middle of a body, with a Content-Length or in a chunk stream."""
    return Broken(sized)


class Broken(Response):
    """A response that stops after its first bytes; the server then closes the connection."""

    def __init__(self, sized: bool) -> None:
        super().__init__(media_type="application/octet-stream")
        kept = [header for header in self.raw_headers if header[0] != b"content-length"]
        self.raw_headers = [*kept, (b"content-length", b"1000")] if sized else kept

    async def __call__(self, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})


@router.get("/gates/{name}")
async def poll(name: str):
    """A long poll: answers when the gate is opened."""
    await gates[name].wait()
    return {"opened": name}


@router.post("/gates/{name}")
async def open_gate(name: str):
    """Opens the gate as soon as somebody waits at it."""
    await gates[name].open()
    return {"opened": name}


@router.get("/events/{name}")
async def events(name: str):
    """Server-sent events: one at once, one when the gate is opened."""
    return StreamingResponse(_events(gates[name]), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(gate: Gate) -> AsyncIterator[bytes]:
    yield b"id: 1\ndata: first\n\n"
    await gate.wait()
    yield b"id: 2\ndata: second\n\n"


@router.websocket("/socket/{name}")
async def echo_messages(socket: WebSocket, name: str, close: Annotated[int | None, Query(ge=1000, le=4999)] = None):
    """Says what the handshake was, then echoes; with `close` it closes with that code at the first message instead."""
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocol=offered[0] if offered else None)
    await socket.send_json({"user": socket.headers.get("x-user-id"), "offered": offered})
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        if close is not None:
            return await socket.close(close, "as asked")
        await socket.send({**message, "type": "websocket.send"})
    departures[name].put_nowait(message["code"])


@router.get("/departures/{name}")
async def departure(name: str):
    """The code with which a client has closed the socket of this name, as soon as it has."""
    return {"code": await asyncio.wait_for(departures[name].get(), PATIENCE)}
