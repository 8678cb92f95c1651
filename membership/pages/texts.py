"""The owner's own pages: each file in CONTENT_DIR/pages is one, `about.md` is read at /about.

They are Markdown like posts, and below every page there is a link to each. What the settings know
is written {{ SITE_NAME }}; what only the owner knows stands in [[double brackets]], marked, until
they write it in.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import frontmatter
from flask import Flask, current_app, render_template
from markupsafe import Markup

from membership.config import Config
from membership.library import markdown
from membership.library.strict_yaml import FrontMatterHandler, NotYaml

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SETTING = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_GAP = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)
_FIELDS = ("title", "summary")


class UnfitPage(Exception):
    """The page cannot be shown; the message says why."""


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
        except (UnfitPage, markdown.UnfitText, UnicodeDecodeError) as error:
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
        raise UnfitPage(f"the site has a page of its own at /{text.slug}: use another name")
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
    if not _SLUG.fullmatch(path.stem):
        raise UnfitPage("the file's name becomes the address: use a-z, 0-9 and - only")
    title, summary, source = _fields(path.read_text(encoding="utf-8-sig"))
    html = markdown.render(_filled(source, settings), summary=summary).body
    gaps = tuple(_GAP.findall(html))
    marked = Markup(_GAP.sub(r"<mark>\1</mark>", html))  # noqa: S704 (sanitised)
    return Text(path.stem, title, _filled(summary, settings), marked, gaps)


def _fields(source: str) -> tuple[str, str, str]:
    try:
        values, text = frontmatter.parse(source, handler=FrontMatterHandler())
    except NotYaml as error:
        raise UnfitPage("the lines between --- are not YAML") from error
    if strange := [name for name in values if name not in _FIELDS]:
        raise UnfitPage(f"{', '.join(strange)} is not a field; the fields are title and summary")
    for name in _FIELDS:
        if not isinstance(values.get(name), str):
            raise UnfitPage(f"{name} is missing, or is not words")
    return str(values["title"]), str(values["summary"]), text


def _filled(source: str, settings: dict[str, str]) -> str:
    def known(found: re.Match[str]) -> str:
        if found[1] not in settings:
            raise UnfitPage(f"{found[0]} is not known; there are {', '.join(settings)}")
        return settings[found[1]]

    return _SETTING.sub(known, source)
