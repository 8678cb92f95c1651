"""A real browser, and what it complained about."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from playwright.sync_api import Request as PageRequest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PHONE, DESK = 390, 1280  # widths in CSS pixels


class NoChromium(Exception):
    """There is no browser on this machine, and none could be fetched."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own browser, or the one that Playwright fetches. Raises NoChromium."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        _fetch()
    # Chromium's own sandbox needs a user that is not root.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=options,
            # Playwright turns it off; people have it, and it must not show a members' page.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


def _fetch() -> None:
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        raise NoChromium(f"none of {', '.join(PROGRAMS)} is here; fetching it: {error}") from error


@dataclass
class Windows:
    """Windows of one test; `complaints` has every console error and every request to strangers."""

    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(
        self,
        *,
        width: int = DESK,
        height: int = 844,
        javascript: bool = True,
        colours: str = "light",
    ) -> Page:
        """A new window with cookies of its own. `colours` is "light" or "dark"."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            color_scheme="dark" if colours == "dark" else "light",
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    def _said(self, message: ConsoleMessage) -> None:
        # Chromium reports a page that answers 402 or 404 as an error; the page itself is fine.
        page = message.page
        about_the_page = page is not None and message.location.get("url") == page.url
        if message.type == "error" and not (
            about_the_page and message.text.startswith("Failed to load resource")
        ):
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _asked(self, request: PageRequest) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https") and where.hostname != "127.0.0.1":
            self.complaints.append(f"a request left this machine: {request.url}")
