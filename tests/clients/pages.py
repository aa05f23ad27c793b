#!/usr/bin/env python3
"""The pages of users in a real Chromium, by keyboard alone and without scripts, in both languages.

`--screenshots` names a folder for pictures of them. Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent

from checks import Checks, becomes, holds, same  # noqa: E402
from chromium import Browser, browsing  # noqa: E402

LOGIN, PASSWORD = "minji@example.com", "correct horse battery staple"
HASH = "$2b$04$cG8YGrNCZp/kupUFqbf/QORAMZDBVFjWdiCyhrE81XFUqnrO8NPY2"

# Of WCAG 2.2: text against what is behind it, and what shows where fields begin.
TEXT, OUTLINE = 4.5, 3.0

WORDS = {
    "en": {"log in": "Log in", "profile": "My account", "wrong": "is not right", "out": "You are logged out"},
    "ko": {"log in": "로그인", "profile": "내 계정", "wrong": "올바르지 않습니다", "out": "로그아웃되었습니다"},
}

# What is wrong with a page for somebody who hears it: one line for each.
HEARD = """(() => {
  const wrong = [];
  const all = (query) => [...document.querySelectorAll(query)];
  if (all("h1").length !== 1) wrong.push("not one h1");
  if (!document.title.trim()) wrong.push("no title");
  if (!["ko", "en"].includes(document.documentElement.lang)) wrong.push("no language");
  if (all("main").length !== 1) wrong.push("not one main");
  for (const field of all("input:not([type=hidden], [hidden])"))
    if (!field.labels.length || !field.labels[0].textContent.trim()) wrong.push("no label: " + field.name);
  for (const one of all("button, a[href]")) if (!one.textContent.trim()) wrong.push("no name: " + one.outerHTML);
  for (const one of all("[aria-describedby], [aria-labelledby]"))
    for (const name of ["aria-describedby", "aria-labelledby"])
      for (const id of (one.getAttribute(name) || "").split(" ").filter(Boolean))
        if (!document.getElementById(id)) wrong.push(name + " of nothing: " + id);
  const ids = all("[id]").map((one) => one.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id twice");
  if (all("[style], style, script, [onclick]").length) wrong.push("a style or a script of its own");
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("wider than the window");
  return wrong.join("; ");
})()"""


@contextmanager
def started(binary: str) -> Iterator[tuple[str, sqlite3.Connection]]:
    """sidegate, and its user table."""
    with tempfile.TemporaryDirectory(prefix="sidegate-pages.") as folder:
        shutil.copy(HERE / "pages.yaml", folder)
        users = sqlite3.connect(Path(folder) / "users.db")
        users.execute("CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT, password TEXT, is_active BOOLEAN)")
        users.execute("INSERT INTO user VALUES (1, ?, ?, 1)", (LOGIN, HASH))
        users.commit()
        own = {"SECRET_KEY": secrets.token_hex(32), "REFRESH_TOKEN_SECRET_KEY": secrets.token_hex(32)}
        environment = os.environ | own | {"RUNTIME_DIRECTORY": folder}
        command = [binary, "run", "--config", str(Path(folder) / "pages.yaml")]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=quiet, stderr=subprocess.PIPE, text=True
        )
        try:
            yield f"http://{_address(process)}/account", users
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen) -> str:
    for line in process.stderr:
        said = json.loads(line)
        if said.get("message", said.get("fields", {}).get("message")) == "listening":
            return said.get("address") or said["fields"]["address"]
    raise RuntimeError("sidegate did not start")


def heading(browser: Browser) -> str:
    return str(browser.ask("document.querySelector('h1').textContent"))


def focused(browser: Browser) -> str:
    return str(browser.ask("(document.activeElement.name || document.activeElement.textContent).trim()"))


def tab_to(browser: Browser, name: str) -> None:
    """Presses Tab until something of this name is what the keyboard is at; it has to be seen there."""
    for _ in range(40):
        browser.press("Tab")
        if focused(browser) == name:
            outline = browser.ask("getComputedStyle(document.activeElement).outlineStyle")
            holds(outline != "none", f"nothing shows that the keyboard is at {name}")
            return
    raise AssertionError(f"no Tab leads to {name}")


def log_in(browser: Browser, root: str, password: str = PASSWORD) -> None:
    browser.go(f"{root}/login")
    same(focused(browser), "login")
    browser.type(LOGIN)
    tab_to(browser, "password")
    browser.type(password)
    browser.follow()


class Pictures:
    """Pictures of pages, where they are wanted."""

    def __init__(self, folder: str | None) -> None:
        self.folder = Path(folder) if folder else None
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def take(self, browser: Browser, name: str) -> None:
        if self.folder:
            browser.shoot(self.folder / f"{name}.png")


def check_journey(checks: Checks, root: str, language: str, pictures: Pictures) -> None:
    words = WORDS[language]

    def looked(browser: Browser, name: str) -> None:
        same(browser.ask(HEARD), "")
        same(browser.ask("document.documentElement.lang"), language)
        pictures.take(browser, f"{language}-{name}")

    with browsing(language=language) as browser, browsing(language=language) as other:
        for one in (browser, other):
            size = {"width": 390, "height": 760, "deviceScaleFactor": 1, "mobile": False}
            one.call("Emulation.setDeviceMetricsOverride", **size)
        with checks.that(f"{language}: a wrong password is said where a screen reader reads it"):
            log_in(browser, root, "wrong")
            same(browser.ask("document.querySelector('[role=alert]').textContent").count(words["wrong"]), 1)
            same(focused(browser), "password")
            looked(browser, "wrong-password")
        with checks.that(f"{language}: a login by keyboard alone leads to the profile"):
            browser.go(f"{root}/profile")
            same(heading(browser), words["log in"])
            looked(browser, "login")
            log_in(browser, root)
            same(heading(browser), words["profile"])
            looked(browser, "profile")
        with checks.that(f"{language}: another session is ended by keyboard alone"):
            log_in(other, root)
            browser.go(f"{root}/profile")
            same(browser.ask("document.querySelectorAll('.sessions li').length"), 2)
            looked(browser, "two-sessions")
            tab_to(browser, str(browser.ask("document.querySelector('.sessions button').textContent.trim()")))
            browser.follow()
            same(browser.ask("document.querySelectorAll('.sessions li').length"), 1)
            holds(browser.ask("!!document.querySelector('[role=status]')") is True, "nothing is said")
            looked(browser, "session-ended")
            other.go(f"{root}/profile")
            same(heading(other), words["log in"])
        for path in ("password", "withdraw"):
            with checks.that(f"{language}: /{path} can be filled in by whoever does not see it"):
                browser.go(f"{root}/{path}")
                holds(browser.ask(f"!!document.querySelector('form[action$={path}]')") is True, "there is no form")
                looked(browser, path)
        with checks.that(f"{language}: a logout by keyboard alone"):
            browser.go(f"{root}/profile")
            tab_to(browser, str(browser.ask("document.querySelector('form[action$=logout] button').textContent.trim()")))
            browser.follow()
            same(heading(browser), words["out"])
            looked(browser, "logged-out")
            browser.go(f"{root}/nothing")
            looked(browser, "not-found")
        with checks.that(f"{language}: the first Tab leads past the head of the page"):
            browser.go(f"{root}/logged-out")
            browser.press("Tab")
            same(browser.ask("document.activeElement.getAttribute('href')"), "#content")
        with checks.that(f"{language}: a language is chosen and kept"):
            wanted = "ko" if language == "en" else "en"
            browser.go(f"{root}/login?language={wanted}")
            browser.go(f"{root}/login")
            same(browser.ask("document.documentElement.lang"), wanted)
        with checks.that(f"{language}: the dark side, and half the width"):
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
            size = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": False}
            browser.call("Emulation.setDeviceMetricsOverride", **size)
            browser.go(f"{root}/login?language={language}")
            looked(browser, "dark")
        with checks.that(f"{language}: nothing on these pages is against their policy"):
            same(browser.complaints() + other.complaints(), [])


def check_contrast(checks: Checks) -> None:
    style = (HERE.parent.parent / "src/pages/style.css").read_text()
    for name, block in zip(("light", "dark"), re.findall(r":root \{(.*?)\}", style, re.S), strict=True):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        wanted = [
            ("text", "page", TEXT), ("text", "surface", TEXT), ("quiet", "surface", TEXT), ("danger", "surface", TEXT),
            ("notice", "surface", TEXT), ("accent", "surface", TEXT), ("accent", "page", TEXT), ("on-accent", "accent", TEXT),
            ("line", "surface", OUTLINE), ("danger", "page", OUTLINE),
        ]
        for front, behind, least in wanted:
            with checks.that(f"{name}: {front} can be told from {behind}"):
                seen = contrast(colours[front], colours[behind])
                holds(seen >= least, f"{seen:.2f}, less than {least}")


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def check_withdrawal(checks: Checks, root: str, users: sqlite3.Connection) -> None:
    with checks.that("whoever leaves has left, and is nobody any more"), browsing(language="en") as browser:
        log_in(browser, root)
        browser.go(f"{root}/withdraw")
        browser.type(PASSWORD)
        browser.follow()
        same(heading(browser), "Your account is deleted")
        becomes(lambda: users.execute("SELECT is_active FROM user").fetchone()[0], 0)
        browser.go(f"{root}/profile")
        same(heading(browser), "Log in")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, metavar="FILE", help="the sidegate to start")
    parser.add_argument("--screenshots", metavar="FOLDER", help="where pictures of the pages are left")
    given, checks = parser.parse_args(), Checks()
    check_contrast(checks)
    pictures = Pictures(given.screenshots)
    with started(given.binary) as (root, users):
        for language in WORDS:
            check_journey(checks, root, language, pictures)
        check_withdrawal(checks, root, users)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
