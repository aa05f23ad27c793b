"""What tests of pages share: sidegate with its user table, a keyboard, and what is wrong with a page."""

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checks import holds, same
from chromium import Browser

HERE = Path(__file__).parent

LOGIN, PASSWORD = "minji@example.com", "correct horse battery staple"
BOSS, MEMBER, OTHER = "boss@example.com", "jun@example.com", "seoyeon@example.com"
HASH = "$2b$04$cG8YGrNCZp/kupUFqbf/QORAMZDBVFjWdiCyhrE81XFUqnrO8NPY2"
TABLE = """CREATE TABLE user (id INTEGER PRIMARY KEY, email TEXT COLLATE NOCASE, password TEXT, is_active BOOLEAN,
  is_restricted BOOLEAN, role TEXT, nickname TEXT, phone TEXT, birthday TEXT, colour TEXT, letters BOOLEAN)"""

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
  for (const one of all("[aria-invalid]")) if (!one.getAttribute("aria-describedby")) wrong.push("not said why: " + one.name);
  const luminance = (colour) => {
    const parts = colour.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (one) => {
    const colour = parts(getComputedStyle(one).backgroundColor);
    return (colour[3] ?? 1) > 0 || !one.parentElement ? colour : behind(one.parentElement);
  };
  for (const one of all("body *")) {
    const says = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) || one.matches("input");
    if (!says || !one.checkVisibility()) continue;
    const [light, dark] = [parts(getComputedStyle(one).color), behind(one)].map(luminance).sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) wrong.push("contrast " + ratio.toFixed(2) + ": " + (one.textContent || one.name).trim());
  }
  return wrong.join("; ");
})()"""


@contextmanager
def started(binary: str) -> Iterator[tuple[str, sqlite3.Connection]]:
    """sidegate, and its user table."""
    with tempfile.TemporaryDirectory(prefix="sidegate-pages.") as folder:
        for file in ("pages.yaml", "pages_dialect.yaml"):
            shutil.copy(HERE / file, folder)
        users = sqlite3.connect(Path(folder) / "users.db")
        users.execute(TABLE)
        rows = [(1, LOGIN, "민지", "user"), (2, BOSS, "boss", "admin"), (3, MEMBER, "준", "user"), (4, OTHER, "서연", "user")]
        for number, login, nickname, role in rows:
            users.execute(
                "INSERT INTO user (id, email, password, nickname, role, is_active, is_restricted) VALUES (?, ?, ?, ?, ?, 1, 0)",
                (number, login, HASH, nickname, role),
            )
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
        if not line.startswith("{"):
            continue
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


def tab_into(browser: Browser, selector: str) -> None:
    """The same, to something that this selects."""
    for _ in range(60):
        browser.press("Tab")
        if browser.ask(f"document.activeElement.matches({json.dumps(selector)})"):
            outline = browser.ask("getComputedStyle(document.activeElement).outlineStyle")
            holds(outline != "none", f"nothing shows that the keyboard is at {selector}")
            return
    raise AssertionError(f"no Tab leads to {selector}")


def narrow(browser: Browser, width: int = 390) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=760, deviceScaleFactor=1, mobile=False)


def darken(browser: Browser) -> None:
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])


def looked(browser: Browser, language: str, name: str, pictures: "Pictures") -> None:
    """Nothing is wrong with the page; a picture of it is taken."""
    pictures.take(browser, f"{language}-{name}")
    same(browser.ask(HEARD), "")
    same(browser.ask("document.documentElement.lang"), language)


def log_in(browser: Browser, root: str, password: str = PASSWORD, login: str = LOGIN) -> None:
    browser.go(f"{root}/login")
    same(focused(browser), "login")
    browser.type(login)
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
