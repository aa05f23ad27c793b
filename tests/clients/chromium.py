"""A real Chromium without a window, driven over its DevTools protocol with nothing but the standard library."""

import json
import os
import socket
import struct
import subprocess
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import urlopen

from checks import PATIENCE, holds

KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}


@dataclass
class Browser:
    """One page of it."""

    wire: socket.socket
    number: int = 0
    events: list[dict] = field(default_factory=list)

    def call(self, method: str, **parameters: object) -> dict:
        """Sends a command and waits for what it gives; events are kept."""
        self.number += 1
        self._write(json.dumps({"id": self.number, "method": method, "params": parameters}).encode())
        while (message := self._read()).get("id") != self.number:
            self.events.append(message)
        holds("error" not in message, message)
        return message["result"]

    def go(self, url: str) -> None:
        self._after(lambda: self.call("Page.navigate", url=url))

    def press(self, key: str, shift: bool = False) -> None:
        code, text = KEYS[key]
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def follow(self, key: str = "Enter") -> None:
        """Presses a key that leads to another page, and waits until that is there."""
        self._after(lambda: self.press(key))

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def ask(self, expression: str) -> object:
        """What the protocol says of the page; its own scripts stay switched off."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def shoot(self, file: Path) -> None:
        file.write_bytes(b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def complaints(self) -> list[str]:
        """What the browser has to say against pages, beside that an answer is a refusal."""
        entries = [event["params"]["entry"] for event in self.events if event.get("method") == "Log.entryAdded"]
        return [entry["text"] for entry in entries if entry["source"] != "network"]

    def _after(self, act) -> None:
        known = self._loads()
        act()
        until = time.monotonic() + PATIENCE
        while self._loads() == known:
            holds(time.monotonic() < until, "no other page has come")
            self.call("Runtime.evaluate", expression="0")
            time.sleep(0.02)

    def _loads(self) -> int:
        return sum(event.get("method") == "Page.loadEventFired" for event in self.events)

    def _write(self, payload: bytes) -> None:
        mask = os.urandom(4)
        length = len(payload)
        head = struct.pack("!BBH", 0x81, 0xFE, length) if 125 < length < 65536 else (
            struct.pack("!BB", 0x81, 0x80 | length) if length <= 125 else struct.pack("!BBQ", 0x81, 0xFF, length)
        )
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self.wire.sendall(head + mask + masked)

    def _read(self) -> dict:
        """One message; RFC 6455 section 5.2. The browser neither masks nor splits what it sends."""
        _, length = self._exactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        return json.loads(self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        pieces = b""
        while len(pieces) < count:
            piece = self.wire.recv(count - len(pieces))
            holds(bool(piece), "the browser is gone")
            pieces += piece
        return pieces


@contextmanager
def browsing(*, language: str) -> Iterator[Browser]:
    """A browser with a folder of its own; scripts of pages are switched off."""
    with TemporaryDirectory(prefix="sidegate-chromium.", ignore_cleanup_errors=True) as folder:
        command = [
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            f"--user-data-dir={folder}", "--remote-debugging-port=0", f"--accept-lang={language}", "about:blank",
        ]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        try:
            browser = _attached(_port(Path(folder) / "DevToolsActivePort", process))
            for domain in ("Page", "Log", "Runtime", "Network"):
                browser.call(f"{domain}.enable")
            browser.call("Emulation.setScriptExecutionDisabled", value=True)
            yield browser
            browser.wire.close()
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _port(file: Path, process: subprocess.Popen) -> str:
    until = time.monotonic() + PATIENCE
    while not file.exists() or not (lines := file.read_text().split()):
        holds(process.poll() is None and time.monotonic() < until, "chromium did not start")
        time.sleep(0.05)
    return lines[0]


def _attached(port: str) -> Browser:
    with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as listed:
        pages = [page for page in json.load(listed) if page["type"] == "page"]
    parts = urlsplit(pages[0]["webSocketDebuggerUrl"])
    wire = socket.create_connection(("127.0.0.1", int(port)), PATIENCE)
    key = b64encode(os.urandom(16)).decode()
    asked = (
        f"GET {parts.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    wire.sendall(asked.encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += wire.recv(1)
    holds(b" 101 " in head.split(b"\r\n")[0], head)
    return Browser(wire)
