"""The proxies that are compared and the upstream behind them: how each is configured, started and proven fit.

Promises: a peer that is handed out answers, and has passed its smoke test if it checks tokens.
"""

import http.client
import os
import ssl
import subprocess
from collections import namedtuple
from pathlib import Path

from . import tokens, users
from .processes import free_port, poll, raise_open_files

SHARED = Path(__file__).resolve().parent
BINARY = SHARED.parents[1] / "target" / "release" / "sidegate"
SUBJECT = 42
GUARDED = "/items/7"

# How to start a peer, the port it will serve and whether over TLS, and the (port, path) pairs that answer 200 once it does.
Plan = namedtuple("Plan", "name command port secure ready")

# Certificates of the bench are its own and verified by nobody.
TLS = ssl.create_default_context()
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE


class Peer:
    """A running proxy and the port it serves."""

    def __init__(self, space, process, plan):
        self.space, self.process, self.port, self.secure = space, process, plan.port, plan.secure

    def url(self, path=GUARDED):
        """Where the load goes."""
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.port}{path}"

    def stop(self, seconds=10):
        """Ends the peer before the workspace does."""
        self.space.stop(self.process, seconds)


def ask(port, path=GUARDED, headers=(), secure=False):
    """One request on a connection of its own: status and body."""
    if secure:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=TLS)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def bearer(token):
    """The header that carries a token."""
    return ("Authorization", f"Bearer {token}")


def certificate(space):
    """A file with a self-signed certificate for a key on P-256, and the key."""
    folder = folder_of(space, "certificate")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem",
    ]
    subprocess.run(command, check=True, timeout=30, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())
    return both


def upstream(space):
    """The stand-in monolith: nginx with one worker and a constant answer."""
    return nginx(space, None, template="upstream.conf.in")


def nginx(space, behind, template="nginx.conf.in", certificate=None):
    """The control: nginx with one worker that forwards and checks nothing."""
    port, folder = free_port(), folder_of(space, "nginx")
    file = render(template, folder, certificate, PORT=port, UPSTREAM=behind and behind.port)
    return Plan("nginx", ["nginx", "-p", folder, "-c", file], port, bool(certificate), [(port, GUARDED)])


def haproxy(space, behind, certificate=None):
    """haproxy with one thread, checking the token of every request with `jwt_verify`."""
    port, folder = free_port(), folder_of(space, "haproxy")
    file = render("haproxy.cfg.in", folder, certificate, PORT=port, UPSTREAM=behind.port)
    return Plan("haproxy", ["haproxy", "-db", "-f", file], port, bool(certificate), [(port, GUARDED)])


def gateway(space, behind, access_log=False, binary=BINARY, certificate=None, routes=0):
    """sidegate with every feature on, and with so many more routes, a rule on each; its logs, the access log too, go to a file."""
    if not Path(binary).is_file():
        raise SystemExit("no gateway to measure: run `cargo build --release` first, or give its --binary")
    port, admin, folder = free_port(), free_port(), folder_of(space, "sidegate")
    users.create(folder / "users.db")
    log = "all" if access_log else "refusals"
    one = '{{ match: "GET /s{}/{{id}}/p{}", access: required, require: {{ subject_is: id }} }}, '
    values = {
        "PORT": port,
        "ADMIN": admin,
        "UPSTREAM": behind.port,
        "ACCESS_LOG": log,
        "ROUTES": "".join(one.format(number % 100, number) for number in range(routes)),
        "RULE": ", require: { claim: { sub: { present: true } } }" if routes else "",
    }
    file = render("gateway.yaml.in", folder, certificate, **values)
    ready = [(admin, "/ready"), (port, GUARDED)]
    return Plan("sidegate", [binary, "run", "--config", file], port, bool(certificate), ready)


def start(space, plan, core=None, wrap=(), seconds=20):
    """Starts what was planned, under the command `wrap` if there is one, and waits until all of it answers 200."""
    peer = Peer(space, space.start(plan.name, [*wrap, *plan.command], core), plan)
    good = [bearer(tokens.mint(SUBJECT))]

    def answers(port, path):
        peer.process.alive()
        try:
            # Operators have tokens of their own.
            served = port == plan.port
            return ask(port, path, good if served else [], plan.secure and served)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    for port, path in plan.ready:
        poll(f"{plan.name} does not answer {path} with 200", seconds, lambda: answers(port, path))
    return peer


def smoke(peer, checks_tokens):
    """Ends the bench unless the peer forwards the good and, where it checks tokens, refuses the bad."""
    good = tokens.mint(SUBJECT)
    expect(peer, "a good token", [bearer(good)], 200, SUBJECT if checks_tokens else None)
    if not checks_tokens:
        return
    for spelling in ("X-User-Id", "X_User_Id"):
        expect(peer, f"a forged {spelling}", [(spelling, "1"), bearer(good)], 200, SUBJECT)
    expect(peer, "no token", [], 401)
    for what, bad in {
        "a bad signature": tokens.mint(SUBJECT, secret=tokens.REFRESH_SECRET),
        "an expired token": tokens.mint(SUBJECT, lifetime=-60),
        "an unsigned token": tokens.mint(SUBJECT, algorithm="none"),
    }.items():
        expect(peer, what, [bearer(bad)], 401)


def expect(peer, what, headers, status, subject=None):
    """One request of the smoke test; `subject` is who the upstream must have been told it is."""
    got, body = ask(peer.port, "/whoami", headers, peer.secure)
    if got != status:
        raise SystemExit(f"{peer.process.name}: {what} was answered {got} instead of {status}")
    if subject is not None and body != f'{{"user_id":"{subject}"}}':
        raise SystemExit(f"{peer.process.name}: {what}: the upstream saw {body} instead of {subject}")


def folder_of(space, name):
    """A new folder for one peer's files."""
    folder = space.place(name)
    folder.mkdir()
    return folder


def render(template, folder, certificate=None, **values):
    """Fills a template in and writes it into the peer's folder, without the lines whose value is `None`."""
    files = raise_open_files()
    values |= {
        "FOLDER": folder,
        "FILES": files,
        # haproxy counts two descriptors for a connection, and needs some for itself.
        "CONNECTIONS": files // 2 - 100,
        # nginx allocates these when it starts: enough for the bench, and no more where many files may be open.
        "SLOTS": min(files - 100, 12_000),
        "CERTIFICATE": certificate,
        "TLS": "" if certificate else None,
        "CLEAR": None if certificate else "",
        # Without this a worker of root would give its rights up and could not enter the folder.
        "USER": "user root;" if os.geteuid() == 0 else "",
        "ACCESS_SECRET": tokens.ACCESS_SECRET,
        "REFRESH_SECRET": tokens.REFRESH_SECRET,
    }
    text = (SHARED / template).read_text()
    for name, value in values.items():
        if value is None:
            text = "".join(line for line in text.splitlines(keepends=True) if f"@{name}@" not in line)
        text = text.replace(f"@{name}@", str(value))
    file = folder / template.removesuffix(".in")
    file.write_text(text)
    return file
