"""A private MariaDB for a bench, and sessions with it.

Promises: it ends with the bench, and listens on loopback alone.
"""

import os
import secrets
import subprocess
import time
from pathlib import Path

MARIADB = Path(__file__).resolve().parents[2] / "tests" / "legacy" / "mariadb.sh"


class Server:
    """A running server; use it in a `with`."""

    def __init__(self, space):
        self.folder, self.password = space.place("mariadb"), secrets.token_hex(16)

    def __enter__(self):
        self.port = self.script("start")
        return self

    def __exit__(self, *_):
        # It is no process of the workspace.
        self.script("stop")

    def script(self, verb):
        """What `mariadb.sh` says to a verb."""
        accounts = dict.fromkeys(("MONOLITH_PASSWORD", "SIDEGATE_PASSWORD", "TESTS_PASSWORD"), self.password)
        done = subprocess.run(
            [MARIADB, verb, self.folder], env=os.environ | accounts, check=True, timeout=120,
            stdout=subprocess.PIPE, text=True,
        )
        return done.stdout.strip()

    def url(self, database):
        """How a gateway finds it, with an account that may do everything."""
        return f"mysql://tests:{self.password}@127.0.0.1:{self.port}/{database}"

    def session(self, database=None):
        """A connection of its own."""
        return Session(self.port, self.password, database)

    def run(self, sql):
        """Runs statements in a session of their own."""
        session = self.session()
        try:
            session.run(sql)
        finally:
            session.close()


class Session:
    """One connection to the database, by the client that comes with it."""

    def __init__(self, port, password, database=None):
        command = [
            "mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={port}", "--user=tests",
            "--skip-ssl", "--unbuffered", "--skip-column-names", "--batch", *([database] if database else []),
        ]
        environment = os.environ | {"MYSQL_PWD": password}
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, bufsize=1,
        )

    def run(self, sql):
        """Waits until the server has said that it is done, and returns the moment."""
        self.child.stdin.write(f"{sql}; SELECT 'done';\n")
        for line in self.child.stdout:
            if line.strip() == "done":
                return time.monotonic()
        raise SystemExit(f"the database did not do this: {sql}")

    def close(self):
        """Ends it."""
        self.child.kill()
        self.child.communicate()
