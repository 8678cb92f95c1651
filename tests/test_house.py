"""The house is in order: nothing undocumented, nothing unused, nothing where it should not be."""

import re
from pathlib import Path

from flask import Flask

from membership.billing import endpoints, entitlements, events
from membership.config import ROOT
from tests.support.settings import settings

ENV_EXAMPLE = (ROOT / ".env.example").read_text()
SETTINGS_DOC = (ROOT / "docs" / "settings.md").read_text()
TEMPLATES = ROOT / "templates"
OPEN_TO_OTHERS = {"/webhooks/stripe", "/webhooks/mailerlite", "/theme"}  # colours alone


def names_in_code() -> set[str]:
    """Every setting the configuration reads."""
    source = (ROOT / "membership" / "config.py").read_text()
    return set(re.findall(r'read\.\w+\(\s*"([A-Z_]+)"', source))


def test_every_setting_is_in_the_example_and_in_the_docs() -> None:
    names = names_in_code()
    assert len(names) > 30
    assert names == set(re.findall(r"^#?([A-Z_]+)=", ENV_EXAMPLE, re.MULTILINE))
    assert [name for name in names if f"`{name}`" not in SETTINGS_DOC] == []


def test_the_docs_name_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"^\| `([A-Z_]+)`", SETTINGS_DOC, re.MULTILINE))
    assert named - names_in_code() == set()


def test_settings_for_tests_are_settings() -> None:
    assert set(settings()) <= names_in_code()


def sources() -> str:
    files = [*(ROOT / "membership").rglob("*.py"), *TEMPLATES.rglob("*.*")]
    return "\n".join(path.read_text() for path in files)


def test_every_template_is_used() -> None:
    used = sources()
    orphans = [
        name
        for path in TEMPLATES.rglob("*.*")
        if f'"{(name := path.relative_to(TEMPLATES).as_posix())}"' not in used
    ]
    assert orphans == []


def test_templates_live_in_the_folder_of_their_package() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    packages = {path.parent.name for path in (ROOT / "membership").glob("*/__init__.py")}
    assert folders - packages == {"errors"}


def test_only_webhooks_and_the_switch_of_colours_take_posts_without_a_token(app: Flask) -> None:
    client = app.test_client()
    posts = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.methods and "POST" in rule.methods and not rule.arguments
    ]
    assert len(posts) >= 8
    refused = {path for path in posts if "reload it" in client.post(path, data={"a": "b"}).text}
    assert set(posts) - refused == OPEN_TO_OTHERS


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def events_we_ask_for() -> list[str]:
    """In the first column of the table in docs/money.md."""
    told = (ROOT / "docs" / "money.md").read_text()
    return re.findall(r"^\| `([a-z_.]+\.[a-z_]+)` \|", told, re.MULTILINE)


def test_every_event_the_owner_is_told_to_send_leads_to_a_read() -> None:
    names = events_we_ask_for()
    assert len(names) > 30
    assert names == list(endpoints.EVENTS)
    assert len(names) == len(set(names))
    about = {"id": "x_1", "customer": "cus_1"}
    for name in names:
        assert events.subject_of({"type": name, "data": {"object": about}}), name


def test_every_kind_of_event_we_understand_is_one_the_owner_is_told_to_send() -> None:
    names = events_we_ask_for()
    unasked = [kind for kind in events.SUBJECTS if not any(n.startswith(kind) for n in names)]
    assert unasked == []


def test_the_page_on_money_names_every_state_a_subscription_can_be_in() -> None:
    told = (ROOT / "docs" / "money.md").read_text()
    assert [status for status in entitlements.STATUSES if f"*{status}*" not in told] == []


def test_package_files_import_nothing() -> None:
    for path in python_files("membership", "webhooks", "sandbox"):
        if path.name == "__init__.py":
            assert "import" not in path.read_text(), path


def test_nothing_is_named_for_nothing_in_particular() -> None:
    vague = {"utils.py", "helpers.py", "service.py", "manager.py", "common.py"}
    assert [p for p in python_files("membership", "webhooks", "sandbox") if p.name in vague] == []


def test_nothing_reads_the_environment_but_the_configuration() -> None:
    reading = [
        p.name for p in python_files("membership", "webhooks") if "os.environ" in p.read_text()
    ]
    assert reading == ["config.py"]


def test_pages_load_nothing_from_elsewhere() -> None:
    for path in [*TEMPLATES.rglob("*.html"), *(ROOT / "static").rglob("*.*")]:
        if "email" in path.parts:
            continue
        loads = re.findall(
            r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//[^"\'\s)]+', path.read_text()
        )
        assert loads == [], path
