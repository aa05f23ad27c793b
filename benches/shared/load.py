"""Bounded load: wrk for time and latency, h2load for TLS, HTTP/2 and an exact number of requests."""

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
    result = h2load(url, token, "--h1", f"-n{requests}", f"-c{connections}", seconds=seconds)
    if result["requests"] != requests:
        raise SystemExit(f"{url}: {result['requests']} of {requests} requests were answered")


def h2load(url, token, *options, core=None, seconds=60):
    """One run of h2load, where every answer has to be a good one; with TLS always the same cipher."""
    command = ["h2load", "-t1", "--tls13-ciphers=TLS_AES_128_GCM_SHA256", *options, "-H", ": ".join(bearer(token)), url]
    with pinned(core):
        output = subprocess.run(command, check=True, timeout=seconds, capture_output=True, text=True).stdout
    counts = re.search(r"(\d+) done, \d+ succeeded, (\d+) failed, .*\nstatus codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", output)
    if counts is None or counts[2] != "0" or not int(counts[3]):
        raise SystemExit(f"{url}: not every request was answered 2xx:\n{output[-1500:]}")
    rate = re.search(r"finished in [^,]+, ([0-9.]+) req/s", output)
    secured = re.findall(r"^(?:TLS Protocol|Cipher|Server Temp Key|Application protocol): (.+)$", output, re.MULTILINE)
    return {"requests": int(counts[1]), "rate": float(rate[1]), "spoken": ", ".join(secured)}
