"""The short form of `make fuzz`."""

from pathlib import Path

import pytest

from tests.hostile import fuzzing


# Of a form that ends in the middle of a file, Werkzeug leaves that file to be collected.
@pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning")
def test_hostile_requests_at_every_address_break_and_change_nothing(tmp_path: Path) -> None:
    figures = fuzzing.run(400, seed=20, folder=tmp_path)
    assert figures.wrong == []
    assert figures.statuses.total() == 400
    assert len(figures.rules) > 25
    assert len(figures.statuses) > 6  # and not all at the first door
