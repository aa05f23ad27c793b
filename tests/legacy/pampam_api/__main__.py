"""`python -m pampam_api --port 0 --port-file FILE`: one worker, on the loopback interface unless `--host` says otherwise.

The port is bound before the application starts; the file appears once connections are accepted.
"""

import argparse
import os
import socket
from pathlib import Path

import uvicorn

from .app import create_app
from .settings import Settings


class AnnouncingServer(uvicorn.Server):
    """A server that says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, port: int, port_file: Path | None) -> None:
        super().__init__(config)
        self.port = port
        self.port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.port_file is not None and self.started:
            partial = self.port_file.with_name(self.port_file.name + ".partial")
            partial.write_text(f"{self.port}\n")
            os.replace(partial, self.port_file)


def main() -> None:
    parser = argparse.ArgumentParser(prog="pampam_api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port")
    arguments = parser.parse_args()

    settings = Settings.from_environment()
    settings.storage.mkdir(parents=True, exist_ok=True)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((arguments.host, arguments.port))
    port = listener.getsockname()[1]

    # The access log would write the query, and with it the passwords of the login.
    # Pings so often that a short test sees some.
    config = uvicorn.Config(
        create_app(settings), access_log=False, log_level="warning", timeout_graceful_shutdown=2, ws_ping_interval=0.5
    )
    AnnouncingServer(config, port, arguments.port_file).run(sockets=[listener])


if __name__ == "__main__":
    main()
