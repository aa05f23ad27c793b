"""Counting checks, and saying what is wrong with one."""

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# For whatever a check waits for: much more than a busy machine needs.
PATIENCE = 30.0


@dataclass
class Checks:
    """Counts and prints."""

    passed: int = 0
    failed: int = 0

    @contextmanager
    def that(self, name: str) -> Iterator[None]:
        """One check: it fails by whatever its block raises."""
        try:
            yield
        except Exception as failure:
            self.failed += 1
            place = traceback.extract_tb(sys.exc_info()[2])[-1]
            print(f"FAIL {name}: {type(failure).__name__}: {failure} ({place.name}, line {place.lineno})", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}", flush=True)


def same(seen: object, expected: object) -> None:
    if seen != expected:
        raise AssertionError(f"{_short(seen)} instead of {_short(expected)}")


def holds(condition: bool, seen: object) -> None:
    if not condition:
        raise AssertionError(_short(seen))


def becomes(ask: Callable[[], object], expected: object) -> None:
    """Waits until the answer is the expected one."""
    until = time.monotonic() + PATIENCE
    while (seen := ask()) != expected:
        holds(time.monotonic() < until, f"{_short(seen)} and never {_short(expected)}")
        time.sleep(0.02)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}… ({len(text)} characters)"
