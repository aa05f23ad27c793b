"""Endpoints that show or disturb the transport. They ask for no token and touch no table."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

router = APIRouter(prefix="/debug", tags=["debug"], include_in_schema=False)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
BLOCK = bytes(range(256)) * 256


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
