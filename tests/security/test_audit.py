"""`make audit` passes only when every pin was looked up. Whether what it asks knows of a hole
cannot be tried without a network; what is made of each answer can."""

import importlib.machinery
import importlib.util
import json
from collections.abc import Mapping
from types import ModuleType

import pytest

from membership.config import ROOT

PINS = {"flask", "wtforms"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("audit", str(ROOT / "scripts" / "audit"))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def report(*found: Mapping[str, object]) -> str:
    return json.dumps({"dependencies": found, "fixes": []})


FLASK = {"name": "Flask", "version": "3.1.3", "vulns": []}
WTFORMS = {"name": "WTForms", "version": "3.2.1", "vulns": []}
HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["3.2.2"], "description": ""}


@pytest.mark.parametrize(
    "told",
    [
        "",
        "null",
        "[]",
        "{}",
        report(),
        report(FLASK),
        report(FLASK, {"name": "wtforms", "skip_reason": "not found"}),
    ],
)
def test_s66_an_audit_that_did_not_look_up_every_pin_fails(audit: ModuleType, told: str) -> None:
    assert audit.judge(told, PINS)[0] == 2


def test_s66_an_audit_of_nothing_fails(audit: ModuleType) -> None:
    assert audit.judge(report(), set())[0] == 2


def test_s66_a_known_hole_fails_with_its_name_and_what_mends_it(audit: ModuleType) -> None:
    status, (line,) = audit.judge(report(FLASK, {**WTFORMS, "vulns": [HOLE]}), PINS)
    assert status == 1
    assert line == "WTForms 3.2.1: PYSEC-2026-1, mended in ['3.2.2']"


def test_an_audit_of_everything_without_a_hole_passes(audit: ModuleType) -> None:
    assert audit.judge(report(FLASK, WTFORMS), PINS) == (0, ["2 packages, no known hole."])


@pytest.mark.parametrize("name", ["production.txt", "sandbox.txt", "dev.txt"])
def test_every_file_of_pins_is_asked_about_whole(audit: ModuleType, name: str) -> None:
    assert name in audit.PINS
    text = (ROOT / "requirements" / name).read_text()
    for_this_machine = audit.pinned(text)
    assert len(for_this_machine) > 30
    assert {"flask", "stripe", "sqlalchemy"} <= for_this_machine
    assert "colorama" not in for_this_machine  # for another kind of machine
