"""Processes that are started, watched and always stopped again.

Promises: nothing outlives the workspace, every wait has an end, no port is fixed.
Does not: look at any process that it did not start.
"""

import atexit
import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

Memory = namedtuple("Memory", "rss pss peak")  # bytes, summed over the process tree


def poll(what, seconds, question, every=0.01):
    """Asks until the answer is truthy, and ends the bench when `seconds` have gone by."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(every)
    raise SystemExit(f"gave up after {seconds} s: {what}")


def free_port():
    """A port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cores():
    """The core of the proxy and the core of everything else; the same one where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[min(1, len(allowed) - 1)]


@contextlib.contextmanager
def pinned(core):
    """What is started inside inherits the core; `None` leaves the choice to the kernel."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_open_files():
    """Raises the soft limit of open files to the hard one, for this process and its children."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Process:
    """One started program and the processes below it."""

    def __init__(self, name, command, log, core=None):
        self.name, self.log = name, Path(log)
        with self.log.open("wb") as out, pinned(core):
            self.child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )

    def alive(self):
        """Ends the bench with the program's last words if it is gone."""
        if self.child.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise SystemExit(f"{self.name} ended with {self.child.returncode}:\n{tail}")
        return True

    def tree(self):
        """The ids of the process and of everything below it."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
        found, ahead = [], [self.child.pid]
        while ahead:
            found.append(ahead.pop())
            ahead += parents.get(found[-1], [])
        return found

    def cpu_seconds(self):
        """The CPU time of all threads that live now, user and kernel together."""
        total = 0
        for pid in self.tree():
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(task.read_text().split()[0])
                except OSError:
                    continue
        return total / 1e9

    def memory(self):
        """Resident memory; pages that processes share count twice in `rss` and `peak`, once in `pss`."""
        rss = pss = peak = 0
        for pid in self.tree():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Rss:"):
                    rss += int(line.split()[1])
                elif line.startswith("Pss:"):
                    pss += int(line.split()[1])
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak += int(line.split()[1])
        return Memory(rss * 1024, pss * 1024, peak * 1024)

    def stop(self, seconds=10):
        """Asks politely, then kills the whole session."""
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait(5)


class Workspace:
    """A throw-away folder and the processes started in it; use it in a `with`."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sidegate-bench-"))
        self.running, self.count = [], 0
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
        atexit.register(self.close)
        return self

    def __exit__(self, *_):
        self.close()

    def place(self, name):
        """A path in the folder that nobody has used."""
        self.count += 1
        return self.folder / f"{self.count:04}-{name}"

    def start(self, name, command, core=None):
        """Starts a program that ends with the workspace at the latest."""
        process = Process(name, command, self.place(f"{name}.log"), core)
        self.running.append(process)
        return process

    def stop(self, process, seconds=10):
        """Stops one program early."""
        self.running.remove(process)
        process.stop(seconds)

    def close(self):
        """Stops everything, last started first, and removes the folder."""
        while self.running:
            self.running.pop().stop()
        shutil.rmtree(self.folder, ignore_errors=True)
