"""Forms in a real Chromium, by keyboard alone: to join, to change what is known of oneself, and to look after members."""

import sqlite3

from checks import Checks, becomes, holds, same
from chromium import Browser, browsing
from page_setting import (
    BOSS, MEMBER, OTHER, PASSWORD, Pictures, darken, focused, heading, log_in, looked, narrow, tab_into, tab_to,
)

NEW = "another horse and staple"

WORDS = {
    "en": {
        "log in": "Log in", "sign up": "Sign up", "edit": "Edit profile", "profile": "My account", "members": "Members",
        "differs": "The two passwords differ.", "taken": "This is taken already.", "short": "Enter at least 2 characters.",
    },
    "ko": {
        "log in": "로그인", "sign up": "회원가입", "edit": "내 정보 수정", "profile": "내 계정", "members": "회원 관리",
        "differs": "비밀번호가 서로 다릅니다.", "taken": "이미 사용 중입니다.", "short": "2자 이상 입력해 주세요.",
    },
}


def said_of_focused(browser: Browser) -> str:
    """What a screen reader reads of the field that the keyboard is at, besides its label."""
    return str(browser.ask(
        "(document.activeElement.getAttribute('aria-describedby') || '').split(' ')"
        ".map((id) => document.getElementById(id)?.textContent).join(' ')"
    ))


def status(browser: Browser) -> str:
    return str(browser.ask("document.querySelector('[role=status]')?.textContent"))


def count(users: sqlite3.Connection, condition: str) -> int:
    return users.execute(f"SELECT count(*) FROM user WHERE {condition}").fetchone()[0]


def fill_in(browser: Browser, fields: dict[str, str]) -> None:
    for name, text in fields.items():
        if focused(browser) != name:
            tab_to(browser, name)
        browser.press(" ") if text == " " else browser.type(text)


def check_sign_up(checks: Checks, served: tuple[str, sqlite3.Connection], language: str, pictures: Pictures) -> None:
    (root, users), words = served, WORDS[language]
    login = f"new-{language}@example.com"
    with browsing(language=language) as browser:
        narrow(browser)
        with checks.that(f"{language}: the login leads to the sign-up"):
            browser.go(f"{root}/login")
            tab_to(browser, words["sign up"])
            browser.follow()
            same(heading(browser), words["sign up"])
            same(focused(browser), "login")
            looked(browser, language, "sign-up", pictures)
        with checks.that(f"{language}: what is wrong with a sign-up is said where a screen reader reads it"):
            fill_in(browser, {
                "login": login, "password": NEW, "password_again": "another", "nickname": f"new {language}",
                "phone": "010-1234-5678", "colour": "초록 🦀", "terms": " ",
            })
            browser.follow()
            same(focused(browser), "password_again")
            holds(words["differs"] in said_of_focused(browser), said_of_focused(browser))
            same(browser.ask("document.querySelector('[name=login]').value"), login)
            same(browser.ask("document.querySelector('[name=terms]').checked"), True)
            same(browser.ask("document.querySelector('[name=password]').value"), "")
            looked(browser, language, "sign-up-wrong", pictures)
            same(count(users, "id > 4 AND email = '%s'" % login), 0)
        with checks.that(f"{language}: somebody joins by keyboard alone"):
            browser.press("Tab", shift=True)
            fill_in(browser, {"password": NEW, "password_again": NEW})
            browser.follow()
            same(heading(browser), words["log in"])
            holds(bool(status(browser)), "nothing is said")
            looked(browser, language, "signed-up", pictures)
            same(count(users, "email = '%s' AND colour = '초록 🦀' AND letters = 0" % login), 1)
            log_in(browser, root, NEW, login)
            same(heading(browser), words["profile"])
    with browsing(language=language) as browser:
        narrow(browser, 320)
        darken(browser)
        with checks.that(f"{language}: a form that is sent twice leaves one user and a page that makes sense"):
            browser.go(f"{root}/signup")
            other = f"twice-{language}@example.com"
            fill_in(browser, {
                "login": other, "password": NEW, "password_again": NEW, "nickname": f"twice {language}", "terms": " ",
            })
            browser.press("Enter")
            browser.follow()
            becomes(lambda: count(users, f"email = '{other}'"), 1)
            becomes(lambda: heading(browser) in (words["log in"], words["sign up"]), True)
            browser.go(f"{root}/signup")
            fill_in(browser, {
                "login": other, "password": NEW, "password_again": NEW, "nickname": "third", "terms": " ",
            })
            browser.follow()
            same(focused(browser), "login")
            holds(words["taken"] in said_of_focused(browser), said_of_focused(browser))
            looked(browser, language, "sign-up-taken-dark", pictures)
            same(count(users, f"email = '{other}'"), 1)
        with checks.that(f"{language}: nothing on the sign-up is against its policy"):
            same(browser.complaints(), [])


def check_edit(checks: Checks, served: tuple[str, sqlite3.Connection], language: str, pictures: Pictures) -> None:
    (root, users), words = served, WORDS[language]
    with browsing(language=language) as browser:
        narrow(browser)
        with checks.that(f"{language}: the profile leads to its form, which has what the row says"):
            log_in(browser, root, login=OTHER)
            looked(browser, language, "profile-with-links", pictures)
            tab_to(browser, words["edit"])
            browser.follow()
            same(heading(browser), words["edit"])
            holds(bool(browser.ask("document.querySelector('[name=nickname]').value")), "the nickname is not there")
            looked(browser, language, "edit", pictures)
        with checks.that(f"{language}: what is known of somebody is changed by keyboard alone"):
            tab_to(browser, "nickname")
            browser.call("Input.dispatchKeyEvent", type="keyDown", key="a", commands=["selectAll"])
            browser.type("x")
            browser.follow()
            same(focused(browser), "nickname")
            holds(words["short"] in said_of_focused(browser), said_of_focused(browser))
            looked(browser, language, "edit-wrong", pictures)
            browser.type(f"yz {language}")
            browser.follow()
            same(heading(browser), words["profile"])
            holds(bool(status(browser)), "nothing is said")
            looked(browser, language, "edited", pictures)
            same(count(users, f"id = 4 AND nickname LIKE '%yz {language}%'"), 1)
        with checks.that(f"{language}: the form of the profile, dark and narrow"):
            darken(browser)
            narrow(browser, 320)
            browser.go(f"{root}/profile/edit")
            looked(browser, language, "edit-dark", pictures)
            same(browser.complaints(), [])


def act(browser: Browser, form: str, reason: str | None, confirm: bool) -> None:
    """Fills in a form of a member's page and sends it."""
    form = f"form[action$='/members/{form}']"
    if reason is not None:
        tab_into(browser, f"{form} [name=reason]")
        browser.type(reason)
    if confirm:
        tab_into(browser, f"{form} [name=confirm]")
        browser.press(" ")
    tab_into(browser, f"{form} button")
    browser.follow()


def check_managers(checks: Checks, served: tuple[str, sqlite3.Connection], language: str, pictures: Pictures) -> None:
    (root, users), words = served, WORDS[language]
    users.execute("UPDATE user SET is_active = 1, is_restricted = 0 WHERE id = 3")
    users.commit()
    with browsing(language=language) as browser, browsing(language=language) as member:
        narrow(browser)
        log_in(member, root, login=MEMBER)
        same(heading(member), words["profile"])
        with checks.that(f"{language}: a manager who was logged out comes back to the search"):
            browser.go(f"{root}/members?by=email&text=jun")
            same(heading(browser), words["log in"])
            browser.type(BOSS)
            tab_to(browser, "password")
            browser.type(PASSWORD)
            browser.follow()
            same(heading(browser), words["members"])
            same(browser.ask("document.querySelectorAll('tbody tr').length"), 1)
            looked(browser, language, "found", pictures)
        with checks.that(f"{language}: a manager finds a member by keyboard alone"):
            browser.go(f"{root}/profile")
            tab_to(browser, words["members"])
            browser.follow()
            same(focused(browser), "text")
            looked(browser, language, "search", pictures)
            browser.type("nobody at all")
            browser.follow()
            holds(bool(status(browser)), "nothing is said")
            looked(browser, language, "nobody", pictures)
            tab_to(browser, "text")
            browser.call("Input.dispatchKeyEvent", type="keyDown", key="a", commands=["selectAll"])
            browser.type("jun")
            browser.follow()
            tab_to(browser, "3")
            browser.follow()
            holds(MEMBER in str(browser.ask("document.querySelector('main').textContent")), "it is somebody else")
            looked(browser, language, "member", pictures)
        with checks.that(f"{language}: a member is blocked with a reason, and is out"):
            act(browser, "block", "광고를 올렸습니다 / spam", False)
            holds(bool(status(browser)), "nothing is said")
            same(count(users, "id = 3 AND is_restricted = 1"), 1)
            holds("spam" in str(browser.ask("document.querySelector('table').textContent")), "the reason is not there")
            looked(browser, language, "blocked", pictures)
            member.go(f"{root}/profile")
            same(heading(member), words["log in"])
        with checks.that(f"{language}: a reason of spaces is none, and is said so beside it"):
            act(browser, "admit", " ", False)
            same(focused(browser), "reason")
            holds(bool(said_of_focused(browser).strip()), "nothing is said")
            looked(browser, language, "no-reason", pictures)
            same(count(users, "id = 3 AND is_restricted = 1"), 1)
        with checks.that(f"{language}: the member is admitted again"):
            act(browser, "admit", "mistaken", False)
            same(count(users, "id = 3 AND is_restricted = 0"), 1)
            log_in(member, root, login=MEMBER)
            same(heading(member), words["profile"])
        with checks.that(f"{language}: the sessions of a member are ended"):
            browser.go(f"{root}/members/view?member=3")
            same(browser.ask("document.querySelectorAll('.sessions li').length"), 1)
            looked(browser, language, "member-with-session", pictures)
            act(browser, "end-sessions", None, True)
            holds(bool(status(browser)), "nothing is said")
            same(browser.ask("document.querySelectorAll('.sessions li').length"), 0)
            member.go(f"{root}/profile")
            same(heading(member), words["log in"])
        with checks.that(f"{language}: the page of a member, dark and narrow"):
            darken(browser)
            narrow(browser, 320)
            browser.go(f"{root}/members/view?member=3")
            looked(browser, language, "member-dark", pictures)
        with checks.that(f"{language}: a member is withdrawn"):
            act(browser, "withdraw", "asked for it by phone", True)
            same(count(users, "id = 3 AND is_active = 0"), 1)
            looked(browser, language, "withdrawn", pictures)
        with checks.that(f"{language}: nothing on the managers' pages is against their policy"):
            same(browser.complaints() + member.complaints(), [])
