"""flask doctor, on search."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from membership.doctor.findings import Level
from tests.support.checkup import said


def test_a_folder_that_cannot_be_written_to_is_told(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_bytes(b"")
    found = said(make_app(CACHE_DIR=str(tmp_path / "a-file" / "cache")), "search")
    assert found.level is Level.LOOK
    assert "CACHE_DIR" in found.do
    assert said(make_app(), "search").level is Level.WELL


def test_a_file_that_broke_is_named(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(CACHE_DIR=str(tmp_path))
    index = app.extensions["library"].index
    index.write_bytes(index.read_bytes()[:4096])
    found = said(app, "search")
    assert found.level is Level.LOOK
    assert "cannot be read" in str(found)
    assert str(index) in str(found)
