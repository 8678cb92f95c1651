"""The owner's own pages: each file in CONTENT_DIR/pages is one, `about.md` is read at /about.

They are Markdown like posts, and below every page there is a link to each. What the settings know
is written {{ SITE_NAME }}; what only the owner knows stands in [[double brackets]], marked, until
they write it in.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, render_template
from markupsafe import Markup

from membership.config import Config
from membership.library import writing
from membership.library.writing import Fields, UnfitFile, UnfitText

_SETTING = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_GAP = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A page. `html` is safe to show; `gaps` are what the owner has not written in yet."""

    slug: str
    title: str
    summary: str
    html: Markup
    gaps: tuple[str, ...]

    @property
    def endpoint(self) -> str:
        return f"texts.{self.slug}"


def init_app(app: Flask, config: Config) -> None:
    """Ends the start, with its sentences alone, when a page cannot be shown as it was meant."""
    found: list[Text] = []
    problems: list[str] = []
    folder = config.content_dir / "pages"
    for path in sorted(folder.glob("[!.]*.md")):
        try:
            found.append(_read(path, _settings(config)))
            _open(app, found[-1], path)
        except (UnfitFile, UnfitText) as error:
            problems.append(f"{folder.name}/{path.name}: {error}")
    if problems:
        raise SystemExit("Pages need attention:\n" + "\n".join(f"  - {p}" for p in problems))
    app.extensions["texts"] = found


def listed() -> list[Text]:
    """In the order of their names."""
    found: list[Text] = current_app.extensions["texts"]
    return found


def _open(app: Flask, text: Text, path: Path) -> None:
    taken = any(rule.rule == f"/{text.slug}" for rule in app.url_map.iter_rules())
    if taken:
        raise UnfitFile([f"the site has a page of its own at /{text.slug}: use another name"])
    app.add_url_rule(f"/{text.slug}", text.endpoint, _page(text, path, app.debug))


def _page(text: Text, path: Path, reread: bool) -> Callable[[], str]:
    def page() -> str:
        config: Config = current_app.config["LATCHKEY"]
        now = _read(path, _settings(config)) if reread else text
        return render_template("pages/text.html", text=now)

    return page


def _settings(config: Config) -> dict[str, str]:
    """What a page may ask for by name."""
    prefix = "__Host-" if config.https else ""
    return {
        "SITE_NAME": config.site_name,
        "SITE_URL": config.site_url,
        "CONTACT": f"<{config.contact_email}>"
        if config.contact_email
        else "[[your address for letters: set CONTACT_EMAIL]]",
        "SESSION_COOKIE": f"{prefix}session",
        "DEVICE_COOKIE": f"{prefix}device",
        "THEME_COOKIE": f"{prefix}theme",
        "SESSION_IDLE_DAYS": str(config.session_idle_days),
        "SESSION_LIFETIME_DAYS": str(config.session_lifetime_days),
        "EVENTS_KEEP_DAYS": str(config.events_keep_days),
        "GRACE_DAYS": str(config.grace_days),
    }


def _read(path: Path, settings: dict[str, str]) -> Text:
    slug = writing.slug(path)
    title, summary, source = _fields(writing.decoded(path.read_bytes()))
    html = _rendered(_filled(source, settings), summary)
    gaps = tuple(_GAP.findall(html))
    marked = Markup(_GAP.sub(r"<mark>\1</mark>", html))  # noqa: S704 (sanitised)
    return Text(slug, title, _filled(summary, settings), marked, gaps)


@lru_cache(maxsize=64)  # read again when a page is asked for, and by each application of a process
def _rendered(source: str, summary: str) -> str:
    return writing.render(source, summary=summary).body


def _fields(source: str) -> tuple[str, str, str]:
    values, text = writing.split(source)
    read = Fields(values, ("title", "summary"))
    title, summary = read.words("title", needed=True), read.words("summary", needed=True)
    if not title or not summary or read.problems:
        raise UnfitFile(read.problems)
    return title, summary, text


def _filled(source: str, settings: dict[str, str]) -> str:
    def known(found: re.Match[str]) -> str:
        if found[1] not in settings:
            raise UnfitFile([f"{found[0]} is not known; there are {', '.join(settings)}"])
        return settings[found[1]]

    return _SETTING.sub(known, source)
