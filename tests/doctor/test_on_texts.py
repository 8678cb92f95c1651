"""flask doctor, on the pages that the owner writes."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from membership.doctor.findings import Level, Said
from membership.doctor.on_texts import CHECKS
from membership.doctor.visit import Visit
from tests.support.checkup import written

SITE = "https://letters.example"


def said(app: Flask) -> Said:
    (check,) = CHECKS
    with app.app_context():
        return check.ask(Visit())


def test_gaps_in_pages_that_the_public_reads_are_told(make_app: Callable[..., Flask]) -> None:
    found = said(make_app(SITE_URL=SITE))
    assert found.level is Level.LOOK
    assert "privacy.md (" in found.what
    assert said(make_app()).level is Level.WELL


def test_pages_that_are_written_are_well(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(SITE_URL=SITE, CONTENT_DIR=str(written(tmp_path)))
    assert said(app).level is Level.WELL
