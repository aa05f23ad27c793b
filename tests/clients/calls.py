"""A gRPC server, and grpcio's client that calls it through sidegate.

Messages are plain bytes, so that no code has to be generated; everything else is what any gRPC service does.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import grpc

from checks import PATIENCE, Checks, becomes, holds, same
from setting import MEMBER, PAYLOAD, Setting

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
SERVICE = "matrix.Calls"
# Longer than the gateway waits for the next piece of an upload.
SILENCE = 3.0


class Calls:
    """The service. `ended` counts the calls to `Hang` that are over."""

    def __init__(self) -> None:
        self.ended = 0

    def echo(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Returns the message, and the metadata as it came."""
        told = [(f"seen-{key}", value) for key, value in context.invocation_metadata() if key.startswith("x-")]
        context.send_initial_metadata([("x-first", "head"), ("x-first-bin", b"\x00\xff")])
        context.set_trailing_metadata([*told, ("x-last", "tail"), ("x-last-bin", bytes(range(256)))])
        return request

    def count(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """As many messages as the request says; then fails if it says so."""
        for number in range(int(request.split()[0])):
            yield str(number).encode()
        if b"fail" in request:
            context.abort(grpc.StatusCode.DATA_LOSS, "없어졌습니다: 100% gone")

    def add_up(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        return str(sum(map(len, requests))).encode()

    def converse(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answers each message before it reads the next."""
        for request in requests:
            yield b"you said " + request

    def speak_slowly(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Says something from time to time to a client that says nothing, for longer than SILENCE."""
        for number in range(4):
            yield str(number).encode()
            time.sleep(SILENCE / 3)
        yield b"and " + next(requests)

    def refuse(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata([("x-why", "because")])
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: 없음")

    def hang(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Says how long the client waits, and nothing else until it is gone."""
        gone = threading.Event()

        def end() -> None:
            self.ended += 1
            gone.set()

        # Not after the wait: a call that is taken back early is not continued after its `yield`.
        context.add_callback(end)
        yield str(context.time_remaining()).encode()
        gone.wait(PATIENCE)

    def handlers(self) -> grpc.GenericRpcHandler:
        methods = {
            "Echo": grpc.unary_unary_rpc_method_handler(self.echo),
            "Refuse": grpc.unary_unary_rpc_method_handler(self.refuse),
            "Count": grpc.unary_stream_rpc_method_handler(self.count),
            "Hang": grpc.unary_stream_rpc_method_handler(self.hang),
            "AddUp": grpc.stream_unary_rpc_method_handler(self.add_up),
            "Converse": grpc.stream_stream_rpc_method_handler(self.converse),
            "SpeakSlowly": grpc.stream_stream_rpc_method_handler(self.speak_slowly),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)


@contextmanager
def serving() -> Iterator[tuple[Calls, str]]:
    """The service, and its URL."""
    calls = Calls()
    server = grpc.server(ThreadPoolExecutor(64), options=UNLIMITED)
    server.add_generic_rpc_handlers([calls.handlers()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield calls, f"http://127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


@dataclass(frozen=True)
class Caller:
    """One way to the gateway."""

    name: str
    channel: grpc.Channel
    calls: Calls
    setting: Setting
    checks: Checks

    def that(self, name: str):
        return self.checks.that(f"grpcio{self.name}: {name}")

    @property
    def given(self) -> dict:
        return {"metadata": [("authorization", f"Bearer {self.setting.token}")], "timeout": PATIENCE}

    def unary(self, method: str):
        return self.channel.unary_unary(f"/{SERVICE}/{method}")

    def run(self) -> None:
        self.messages()
        self.streams()
        self.metadata()
        self.failures()
        self.ends()

    def messages(self) -> None:
        with self.that("a call"):
            same(self.unary("Echo")(b"hello", **self.given), b"hello")
        with self.that("an empty message"):
            same(self.unary("Echo")(b"", **self.given), b"")
        with self.that(f"a message of {len(PAYLOAD) * 4 // 1_000_000} MB, there and back"):
            holds(self.unary("Echo")(PAYLOAD * 4, **self.given) == PAYLOAD * 4, "another message")
        with self.that("a compressed message"):
            text = b"again and " * 10_000
            same(self.unary("Echo")(text, compression=grpc.Compression.Gzip, **self.given), text)
        with self.that("two hundred calls at once"):
            futures = [self.unary("Echo").future(b"%d" % number, **self.given) for number in range(200)]
            same([future.result() for future in futures], [b"%d" % number for number in range(200)])

    def streams(self) -> None:
        with self.that("a stream from the server"):
            answers = self.channel.unary_stream(f"/{SERVICE}/Count")(b"1000", **self.given)
            same(list(answers), [b"%d" % number for number in range(1000)])
        with self.that("a stream to the server"):
            call = self.channel.stream_unary(f"/{SERVICE}/AddUp")
            same(call((PAYLOAD[:10_000] for _ in range(1000)), **self.given), b"10000000")
        with self.that("a conversation, in which each waits for the other"):
            same(self._conversation(), [b"you said %d" % number for number in range(100)])
        with self.that("a stream whose client says nothing for a long time"):
            last = threading.Event()

            def at_last() -> Iterator[bytes]:
                last.wait(PATIENCE)
                yield b"goodbye"

            answers = self.channel.stream_stream(f"/{SERVICE}/SpeakSlowly")(at_last(), **self.given)
            same([next(answers) for _ in range(4)], [b"0", b"1", b"2", b"3"])
            last.set()
            same(list(answers), [b"and goodbye"])

    def _conversation(self) -> list[bytes]:
        heard, spoken = [], threading.Semaphore(1)

        def speech() -> Iterator[bytes]:
            for number in range(100):
                spoken.acquire(timeout=PATIENCE)
                yield b"%d" % number

        for answer in self.channel.stream_stream(f"/{SERVICE}/Converse")(speech(), **self.given):
            heard.append(answer)
            spoken.release()
        return heard

    def metadata(self) -> None:
        long = "v" * 6000
        sent = [*self.given["metadata"], ("x-user-id", "2"), ("x-own", long), ("x-own-bin", b"\x00\x01\xfe")]
        answer, call = self.unary("Echo").with_call(b"", timeout=PATIENCE, metadata=sent)
        first, last = ({key: value for key, value in fields} for fields in (call.initial_metadata(), call.trailing_metadata()))
        with self.that("metadata arrive"):
            same((last.get("seen-x-own"), last.get("seen-x-own-bin")), (long, b"\x00\x01\xfe"))
        with self.that("the server learns who it is, and from nobody else"):
            same([value for key, value in call.trailing_metadata() if key == "seen-x-user-id"], [MEMBER])
        with self.that("metadata come back before and after the message"):
            same((first.get("x-first"), first.get("x-first-bin")), ("head", b"\x00\xff"))
            same((last.get("x-last"), last.get("x-last-bin")), ("tail", bytes(range(256))))

    def failures(self) -> None:
        with self.that("a failure without a message: status, details and metadata"):
            failure = _failure(lambda: self.unary("Refuse")(b"", **self.given))
            same((failure.code(), failure.details()), (grpc.StatusCode.NOT_FOUND, "no such thing: 없음"))
            holds(("x-why", "because") in [tuple(pair) for pair in failure.trailing_metadata()], failure)
        with self.that("a failure after messages"):
            answers, heard = self.channel.unary_stream(f"/{SERVICE}/Count")(b"3 fail", **self.given), []
            failure = _failure(lambda: heard.extend(iter(answers)))
            same((heard, failure.code()), ([b"0", b"1", b"2"], grpc.StatusCode.DATA_LOSS))
            same(failure.details(), "없어졌습니다: 100% gone")
        with self.that("an unknown method"):
            same(_failure(lambda: self.unary("Missing")(b"", **self.given)).code(), grpc.StatusCode.UNIMPLEMENTED)
        for name, token in {"no token": None, "a bad token": "x.y.z", "an expired token": self.setting.expired}.items():
            with self.that(f"{name} is refused as unauthenticated"):
                metadata = [("authorization", f"Bearer {token}")] if token else []
                failure = _failure(lambda: self.unary("Echo")(b"", timeout=PATIENCE, metadata=metadata))
                same(failure.code(), grpc.StatusCode.UNAUTHENTICATED)
        with self.that("an expired token opens no stream either"):
            hang = self.channel.unary_stream(f"/{SERVICE}/Hang")
            metadata = [("authorization", f"Bearer {self.setting.expired}")]
            failure = _failure(lambda: list(hang(b"", timeout=PATIENCE, metadata=metadata)))
            same(failure.code(), grpc.StatusCode.UNAUTHENTICATED)
        with self.that("a long stream without a token is refused too"):
            call = self.channel.stream_unary(f"/{SERVICE}/AddUp")
            failure = _failure(lambda: call((PAYLOAD[:10_000] for _ in range(1000)), timeout=PATIENCE))
            same(failure.code(), grpc.StatusCode.UNAUTHENTICATED)
        with self.that("and then calls go on"):
            same(self.unary("Echo")(b"hello", **self.given), b"hello")

    def ends(self) -> None:
        hang = self.channel.unary_stream(f"/{SERVICE}/Hang")
        with self.that("a deadline is told to the server, holds for the client, and ends the call"):
            ended = self.calls.ended
            answers = hang(b"", metadata=self.given["metadata"], timeout=1.5)
            # The protocol rounds it up.
            remaining = float(next(answers))
            holds(0 < remaining < 2, remaining)
            same(_failure(lambda: next(answers)).code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            becomes(lambda: self.calls.ended, ended + 1)
        with self.that("a call that is taken back ends at the server"):
            ended = self.calls.ended
            answers = hang(b"", **self.given)
            next(answers)
            answers.cancel()
            becomes(lambda: self.calls.ended, ended + 1)


def _failure(ask) -> grpc.RpcError:
    try:
        ask()
    except grpc.RpcError as failure:
        return failure
    raise AssertionError("it did not fail")


def check_calls(calls: Calls, checks: Checks, setting: Setting) -> None:
    with open(setting.authority, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    clear, tls = urlsplit(setting.clear).netloc, urlsplit(setting.tls).netloc
    with grpc.insecure_channel(clear, UNLIMITED) as channel:
        Caller(" in clear text", channel, calls, setting, checks).run()
    with grpc.secure_channel(tls, credentials, UNLIMITED) as channel:
        Caller(" over TLS", channel, calls, setting, checks).run()
