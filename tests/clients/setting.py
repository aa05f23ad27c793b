"""Where the clients are: sidegate as a process of its own, the servers behind it, and what they all know."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "legacy"))

from checks import PATIENCE, becomes  # noqa: E402
from wire import Answer, mint, ask_operators, send  # noqa: E402

HERE = Path(__file__).parent
MEMBER = "1"
CREDENTIALS = {"email": "minji@example.com", "password": "minji-pass-1"}
# Does not repeat within the windows and buffers on its way.
PAYLOAD = b"".join(sha256(number.to_bytes(4)).digest() for number in range(100_000))
PATTERN = bytes(range(256)) * 256


@dataclass(frozen=True)
class Setting:
    """What every client is told."""

    direct: str
    clear: str
    tls: str
    admin: str
    authority: str
    token: str
    expired: str

    def refusal(self, path: str, headers: list[tuple[str, str]] = []) -> Answer:
        """What the monolith itself answers there."""
        return send(self.direct, "GET", path, headers)

    def open_gate(self, name: str) -> None:
        """Lets an answer go on, past the gateway."""
        opened = send(self.direct, "POST", f"/debug/gates/{name}")
        if opened.status != 200:
            raise RuntimeError(f"the gate {name} did not open: {opened}")

    @contextmanager
    def opening(self, name: str) -> Iterator[None]:
        """Meanwhile the gate opens as soon as somebody waits at it."""
        opener = threading.Thread(target=self.open_gate, args=[name])
        opener.start()
        yield
        opener.join(PATIENCE)

    def connections(self) -> int:
        """How many connections clients have open."""
        for line in ask_operators(self.admin, "/metrics").body.decode().splitlines():
            if line.startswith("sidegate_connections "):
                return int(line.split()[1])
        raise RuntimeError("no metric of connections")

    def without_connections(self) -> None:
        becomes(self.connections, 0)


def pattern(length: int) -> bytes:
    """What `/debug/bytes` answers."""
    return (PATTERN * (length // len(PATTERN) + 1))[:length]


@contextmanager
def started(binary: str, direct: str, calls: str, tls: Path) -> Iterator[Setting]:
    """Runs sidegate; its logs go to standard error when it does not start, its access lines nowhere."""
    environment = os.environ | {
        "MONOLITH": direct, "CALLS": calls, "CERTIFICATE": str(tls / "server.crt"), "KEY": str(tls / "server.key"),
    }
    command = [binary, "run", "--config", str(HERE / "gateway.yaml")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield _setting(_addresses(process), direct, tls)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def _addresses(process: subprocess.Popen) -> list[str]:
    """In the order of the configuration, and the operators' last. Whatever is logged later is printed."""
    addresses: list[str] = []
    for line in process.stderr:
        entry = json.loads(line) if line.startswith("{") else {"message": line.rstrip()}
        if entry["message"] in ("listening", "admin listening"):
            addresses.append(entry["address"])
        else:
            print(f"sidegate: {line.rstrip()}", flush=True)
        if entry["message"] == "admin listening":
            threading.Thread(target=_relay, args=[process], daemon=True).start()
            return addresses
    raise SystemExit("sidegate did not start")


def _relay(process: subprocess.Popen) -> None:
    for line in process.stderr:
        print(f"sidegate: {line.rstrip()}", flush=True)


def _setting(addresses: list[str], direct: str, tls: Path) -> Setting:
    clear, secure, admin = addresses
    valid, expired = (mint(os.environ["SECRET_KEY"], MEMBER, seconds) for seconds in (3600, -3600))
    return Setting(direct, f"http://{clear}", f"https://{secure}", f"http://{admin}", str(tls / "ca.crt"), valid, expired)
