#!/usr/bin/env python3
"""The pages of users in a real Chromium, by keyboard alone and without scripts, in both languages.

`--screenshots` names a folder for pictures of them. Prints a line for each check; exit status 1 if one fails.
"""

import argparse
import re
import sqlite3
import sys
from pathlib import Path

from checks import Checks, becomes, holds, same
from chromium import Browser, browsing
from page_forms import check_edit, check_managers, check_sign_up
from page_setting import PASSWORD, Pictures, darken, focused, heading, log_in, looked, narrow, started, tab_to

HERE = Path(__file__).parent

# Of WCAG 2.2: text against what is behind it, and what shows where fields begin.
TEXT, OUTLINE = 4.5, 3.0

WORDS = {
    "en": {"log in": "Log in", "profile": "My account", "wrong": "is not right", "out": "You are logged out"},
    "ko": {"log in": "로그인", "profile": "내 계정", "wrong": "올바르지 않습니다", "out": "로그아웃되었습니다"},
}


def check_journey(checks: Checks, root: str, language: str, pictures: Pictures) -> None:
    words = WORDS[language]

    def seen(browser: Browser, name: str) -> None:
        looked(browser, language, name, pictures)

    with browsing(language=language) as browser, browsing(language=language) as other:
        for one in (browser, other):
            narrow(one)
        with checks.that(f"{language}: a wrong password is said where a screen reader reads it"):
            log_in(browser, root, "wrong")
            same(browser.ask("document.querySelector('[role=alert]').textContent").count(words["wrong"]), 1)
            same(focused(browser), "password")
            seen(browser, "wrong-password")
        with checks.that(f"{language}: a login by keyboard alone leads to the profile"):
            browser.go(f"{root}/profile")
            same(heading(browser), words["log in"])
            seen(browser, "login")
            log_in(browser, root)
            same(heading(browser), words["profile"])
            seen(browser, "profile")
        with checks.that(f"{language}: another session is ended by keyboard alone"):
            log_in(other, root)
            browser.go(f"{root}/profile")
            same(browser.ask("document.querySelectorAll('.sessions li').length"), 2)
            seen(browser, "two-sessions")
            tab_to(browser, str(browser.ask("document.querySelector('.sessions button').textContent.trim()")))
            browser.follow()
            same(browser.ask("document.querySelectorAll('.sessions li').length"), 1)
            holds(browser.ask("!!document.querySelector('[role=status]')") is True, "nothing is said")
            seen(browser, "session-ended")
            other.go(f"{root}/profile")
            same(heading(other), words["log in"])
        for path in ("password", "withdraw"):
            with checks.that(f"{language}: /{path} can be filled in by whoever does not see it"):
                browser.go(f"{root}/{path}")
                holds(browser.ask(f"!!document.querySelector('form[action$={path}]')") is True, "there is no form")
                seen(browser, path)
        with checks.that(f"{language}: a logout by keyboard alone"):
            browser.go(f"{root}/profile")
            tab_to(browser, str(browser.ask("document.querySelector('form[action$=logout] button').textContent.trim()")))
            browser.follow()
            same(heading(browser), words["out"])
            seen(browser, "logged-out")
            browser.go(f"{root}/nothing")
            seen(browser, "not-found")
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
            darken(browser)
            narrow(browser, 320)
            browser.go(f"{root}/login?language={language}")
            seen(browser, "dark")
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
        becomes(lambda: users.execute("SELECT is_active FROM user WHERE id = 1").fetchone()[0], 0)
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
            check_sign_up(checks, (root, users), language, pictures)
            check_edit(checks, (root, users), language, pictures)
            check_managers(checks, (root, users), language, pictures)
        check_withdrawal(checks, root, users)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
