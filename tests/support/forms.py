"""The forms on a page, as a browser without JavaScript understands them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

# A browser sends these only when they are the button that was pressed.
BUTTONS = ("submit", "button", "reset", "image")


@dataclass
class Form:
    """`fields` has what would be sent if nobody typed anything; `names` all that can be filled."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def filled(self, typed: dict[str, str]) -> dict[str, str]:
        """What is sent when a person has typed this. Raises LookupError for a missing field."""
        if missing := typed.keys() - self.names:
            raise LookupError(f"the form at {self.action!r} has no {', '.join(sorted(missing))}")
        return self.fields | typed


def forms_on(html: str, *, path: str) -> list[Form]:
    """Every form of a page that was found at `path`."""
    reader = _Reader(path)
    reader.feed(html)
    return reader.forms


def form_on(html: str, *, path: str, action: str | None = None, **having: str) -> Form:
    """The one posting form with this action (its query aside). Raises LookupError.

    `having` tells apart forms with the same action, by what a field of theirs holds already.
    """
    posting = [form for form in forms_on(html, path=path) if form.method == "post"]
    fitting = [
        form
        for form in posting
        if (action is None or urlsplit(form.action).path == urlsplit(action).path)
        and having.items() <= form.fields.items()
    ]
    if len(fitting) != 1:
        found = ", ".join(form.action for form in posting) or "none"
        raise LookupError(f"{path}: {len(fitting)} forms fit {action!r}; those here: {found}")
    return fitting[0]


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: list[Form] = []
        self.inside = False
        self.select: str | None = None
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._begin(have)
        elif not self.inside or "disabled" in have:
            return
        elif tag == "input":
            self._input(have)
        elif tag == "button":
            self._name(have)
        elif tag == "select":
            self.select = self._name(have)
        elif tag == "option" and self.select is not None:
            self._option(have)
        elif tag == "textarea":
            self.textarea = self._name(have)
            if self.textarea:
                self.forms[-1].fields[self.textarea] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.textarea = None

    def handle_data(self, data: str) -> None:
        if self.inside and self.textarea:
            self.forms[-1].fields[self.textarea] += data

    def _begin(self, have: dict[str, str]) -> None:
        action = have.get("action") or self.path
        self.forms.append(Form(action, have.get("method", "get").lower()))
        self.inside = True

    def _name(self, have: dict[str, str]) -> str | None:
        name = have.get("name")
        if name:
            self.forms[-1].names.add(name)
        return name

    def _input(self, have: dict[str, str]) -> None:
        name, kind = self._name(have), have.get("type", "text").lower()
        if not name or kind in BUTTONS:
            return
        if kind in ("checkbox", "radio"):
            if "checked" in have:
                self.forms[-1].fields[name] = have.get("value", "on")
        else:
            self.forms[-1].fields[name] = have.get("value", "")

    def _option(self, have: dict[str, str]) -> None:
        fields = self.forms[-1].fields
        if self.select and ("selected" in have or self.select not in fields):
            fields[self.select] = have.get("value", "")
