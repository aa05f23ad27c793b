"""Bounded load: wrk for time and latency, h2load for an exact number of requests."""

import json
import re
import subprocess
from pathlib import Path

from .peers import bearer
from .processes import pinned

SCRIPT = Path(__file__).resolve().parent / "load.lua"


class Load:
    """A wrk that is running; use it in a `with`, which ends it at the latest."""

    def __init__(self, url, seconds, connections, core=None, token=None, patience=2, **options):
        headers = [] if token is None else ["-H", ": ".join(bearer(token))]
        command = [
            "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{patience}s",
            *headers, "-s", str(SCRIPT), url, "--", *(f"{name}={value}" for name, value in options.items()),
        ]
        self.limit = seconds + patience + 20
        with pinned(core):
            self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.communicate(timeout=5)

    def result(self):
        """What wrk counted; latencies in microseconds."""
        output, _ = self.child.communicate(timeout=self.limit)
        line = re.search(r"^RESULT (\{.*\})$", output, re.MULTILINE)
        if line is None:
            raise SystemExit(f"wrk gave no result:\n{output[-2000:]}")
        return json.loads(line[1])


def run(url, seconds, connections, **options):
    """Load on a route where every answer has to be a good one."""
    with Load(url, seconds, connections, **options) as load:
        result = load.result()
    if result["refused"] or result["broken"] or not result["requests"]:
        raise SystemExit(f"{url}: {result['requests']} requests, {result['refused']} refused, {result['broken']} broken")
    return result


def send(url, requests, token, connections=32, seconds=600):
    """Sends exactly so many requests over keep-alive connections; all of them must be answered 2xx."""
    command = ["h2load", "--h1", f"-n{requests}", f"-c{connections}", "-t1", "-H", ": ".join(bearer(token)), url]
    output = subprocess.run(command, check=True, timeout=seconds, capture_output=True, text=True).stdout
    good = re.search(r"status codes: (\d+) 2xx", output)
    if good is None or int(good[1]) != requests:
        raise SystemExit(f"{url}: not all of {requests} requests were answered 2xx:\n{output[-1500:]}")
