"""docs/extend.md, followed to the letter in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask

from membership.config import ROOT
from membership.newsletter.mailerlite import MailerLite
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.paying import ask_stripe, copy_catalogue

GUIDE = (ROOT / "docs" / "extend.md").read_text()
PAGE, PLAN, POSTS, LIST, THEME = re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]
NEEDED = ("membership", "webhooks", "sandbox", "templates", "static", "content", "migrations")
BLOCK = re.compile(r"(?:\*\*`([^`]+)`\*\*\n\n)?```(\w+)\n(.*?)```", re.DOTALL)
LINTER = (
    "import sys; from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as somebody has it who cloned it."""
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in NEEDED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=unwanted)
    (tmp_path / "tests").mkdir()
    shutil.copytree(ROOT / "tests" / "support", tmp_path / "tests" / "support", ignore=unwanted)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def runs(copy: Path, *command: str) -> str:
    """With the interpreter that runs us, and nothing of our own settings; what it said."""
    environ = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={**environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def changes(file: Path, diff: str) -> None:
    """What a person does who sees lines to add and to take away, between lines that they find."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+").removesuffix("\n")
    after = "".join(line[1:] for line in lines if line[0] != "-").removesuffix("\n")
    text = file.read_text()
    assert text.count(before) == 1, f"{file.name} does not have this once: {before}"
    file.write_text(text.replace(before, after))


def types(copy: Path, line: str) -> str:
    """A line that the guide says to type: what stands behind it in the Makefile."""
    make, what, *rest = shlex.split(line)
    assert make == "make"
    if what == "flask":
        return runs(copy, "-m", "sandbox.run", *shlex.split(rest[0].removeprefix("do=")))
    if what == "test":
        return runs(copy, "-m", "pytest", "-q", "-n0", rest[0].removeprefix("TESTS="))
    if what == "format":
        return runs(copy, "-m", "ruff", "format", ".") + runs(copy, "-m", "ruff", "check", "--fix")
    assert what == "check"
    runs(copy, "-m", "ruff", "format", "--check", ".")
    runs(copy, "-m", "ruff", "check", ".")
    return runs(copy, "-c", LINTER)


@pytest.mark.long
def test_the_page_that_the_guide_adds_is_there_gated_and_open(copy: Path) -> None:
    types(copy, 'make flask do="db upgrade"')  # as `make run` has done
    file, typed = "", []
    for name, kind, text in BLOCK.findall(PAGE):
        file = name or file
        match kind:
            case "diff":
                changes(copy / file, text)
            case "sh":
                typed += text.splitlines()
            case _:
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                (copy / file).write_text(text)
    said = [types(copy, line) for line in typed]
    assert "1 passed" in "".join(said)
    assert "0 broken" in said[-1]
    made = next((copy / "migrations" / "versions").glob("*_guestbook.py")).read_text()
    assert re.findall(r'op\.create_table\(\s*"(\w+)"', made) == ["signatures"]
    assert "drop_column" not in made


def test_the_plan_that_the_guide_adds_is_on_sale(
    app: Flask, sandbox: Sandbox, visitor: Browser
) -> None:
    (commands,) = (text for _, kind, text in BLOCK.findall(PLAN) if kind == "sh")
    for command in commands.replace("\\\n", " ").splitlines():
        words = shlex.split(command)
        fields = [value for flag, value in pairwise(words) if flag == "-d"]
        ask_stripe(sandbox, words[1].rpartition("/")[2], dict(f.split("=", 1) for f in fields))
    copy_catalogue(app)
    page = visitor.get("/plans").text
    assert "Patron" in page
    assert "Most generous" in page
    assert "€15.00" in page


def test_everything_that_is_asked_of_mailerlite_is_told() -> None:
    told = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| .* \| (`.*) \|$", LIST, re.MULTILINE)))
    asked = [name for name, what in vars(MailerLite).items() if callable(what) and name[0] != "_"]
    assert sorted(told) == sorted(asked)


def test_every_file_that_the_guide_names_is_there_or_is_made_by_it() -> None:
    made = {name for name, kind, _ in BLOCK.findall(PAGE) if name and kind != "diff"}
    named = set(re.findall(r"`((?:membership|webhooks|static|templates|tests)/[\w/.]+)`", GUIDE))
    links = set(re.findall(r"\]\((\w+\.md)", GUIDE))
    assert [n for n in named - made if not (ROOT / n).exists() and "guestbook" not in n] == []
    assert [name for name in links if not (ROOT / "docs" / name).exists()] == []


def test_what_the_guide_points_at_stands_where_it_says() -> None:
    pointed = re.findall(r"`(\w+)`(?: and `(\w+)`)? in `(membership/[\w/.]+)`", POSTS)
    assert len(pointed) >= 3
    for *names, file in pointed:
        made = re.findall(r"^(?:def|class) (\w+)", (ROOT / file).read_text(), re.MULTILINE)
        assert {name for name in names if name} <= set(made), file
