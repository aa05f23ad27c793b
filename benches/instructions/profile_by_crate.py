"""Where the instructions of a request go, by crate and by function.

Promises: the same subtraction as the total, function by function, so start and stop do not appear.
Inlined code counts for the crate it was written in, because the source file decides, not the symbol.
"""

import re
import subprocess
from collections import Counter
from pathlib import Path

from shared import summary

ROOT = Path(__file__).resolve().parents[2]
SHARE, MOST = 0.80, 40
LINE = re.compile(r"^\s*([\d,]+) \([^)]*\)\s+(.*?):(.*?)(?: \[([^\]]*)\])?$")


def build():
    """The release binary with its symbols kept, in a target folder of its own."""
    folder = ROOT / "target" / "annotated"
    subprocess.run(
        ["cargo", "build", "--release", "--locked", "--target-dir", folder,
         "--config", 'profile.release.strip="none"', "--config", 'profile.release.debug="line-tables-only"'],
        check=True, timeout=3600, cwd=ROOT,
    )
    return folder / "release" / "sidegate"


def report(few, many, requests):
    """Two tables: crates, and the functions that together make up most of a request, the dearest first."""
    cost = functions(many)
    cost.subtract(functions(few))
    each = {key: count / requests for key, count in cost.items() if count > 0}
    whole = sum(each.values())
    return "\n\n".join([by_crate(each, whole), by_function(each, whole)])


def functions(files):
    """Exclusive instructions by (crate, function) over all processes of a run."""
    cost = Counter()
    for file in files:
        text = subprocess.run(
            ["callgrind_annotate", "--threshold=100", "--auto=no", file],
            check=True, timeout=300, capture_output=True, text=True,
        ).stdout
        for line in text.splitlines():
            found = LINE.match(line)
            if found and "PROGRAM TOTALS" not in line:
                count, source, name, library = found.groups()
                cost[crate_of(source, name, library or ""), shortened(name)] += int(count.replace(",", ""))
    return cost


def crate_of(source, name, library):
    """The crate from the source file; where there is none, from the symbol; at last the shared library."""
    for pattern, group in (
        (r"/registry/src/[^/]+/(.+?)-\d+\.\d+[^/]*/", 1),
        (r"/rustc/[^/]+/library/(std|core|alloc|hashbrown)", 0),
        (r"/rustlib/src/rust/library/", 0),
        (r"(?:^|/)library/(std|core|alloc)/", 0),
    ):
        found = re.search(pattern, source)
        if found:
            return found[group] if group else "std"
    if source.startswith("src/") or str(ROOT / "src") in source:
        return "sidegate"
    symbol = re.match(r"[<&(*\[ ]*(?:mut |dyn )*([a-z_][a-z0-9_]*)(?:\[[0-9a-f]+\])?::", name)
    if symbol:
        return "std" if symbol[1] in ("std", "core", "alloc", "hashbrown", "__rustc") else symbol[1].replace("_", "-")
    return Path(library).name.split(".so")[0] or "unknown"


def shortened(name):
    """A function name without its hash, short enough for a table."""
    return re.sub(r"::h[0-9a-f]{16}", "", name)[:110]


def by_crate(each, whole):
    crates = Counter()
    for (crate, _), count in each.items():
        crates[crate] += count
    rows = [[crate, f"{count:,.0f}", f"{count / whole:.1%}"] for crate, count in crates.most_common() if count >= 0.5]
    return summary.table(["crate", "instructions/request", "share"], rows)


def by_function(each, whole):
    rows, covered = [], 0.0
    for (crate, name), count in sorted(each.items(), key=lambda item: -item[1]):
        if covered >= SHARE * whole or len(rows) == MOST:
            break
        covered += count
        rows.append([f"{count:,.0f}", f"{covered / whole:.0%}", crate, name])
    return summary.table(["instructions/request", "up to here", "crate", "function"], rows)
