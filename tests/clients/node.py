"""node's own clients: they check for themselves, and their lines are counted here."""

import json
import os
import subprocess
from pathlib import Path

from checks import PATIENCE, Checks, holds
from setting import CREDENTIALS, MEMBER, Setting


def check_node(checks: Checks, setting: Setting) -> None:
    told = {
        "direct": setting.direct, "clear": setting.clear, "tls": setting.tls, "token": setting.token,
        "expired": setting.expired, "credentials": CREDENTIALS, "member": MEMBER, "refusal": setting.refusal("/users/me").body.decode(),
    }
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": setting.authority, "NODE_NO_WARNINGS": "1"}
    script = Path(__file__).with_name("node_clients.mjs")
    done = subprocess.run(
        ["node", str(script)], input=json.dumps(told), env=environment, capture_output=True, text=True, timeout=4 * PATIENCE,
    )
    checked = 0
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        name, _, failure = rest.strip().partition(": failed: ")
        checked += word in ("ok", "FAIL")
        with checks.that(f"node, {name}"):
            holds(word == "ok", failure)
    with checks.that("node came to its end"):
        holds(done.returncode == 0 and checked > 0, done.stderr)
