"""docs/pages.md says of every point where it is met, and names nothing that is not there."""

import re

from membership.config import ROOT

PAGE = (ROOT / "docs" / "pages.md").read_text()
ROWS = re.findall(r"^\| (U\d\d) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
MACROS = (ROOT / "templates" / "_macros.html").read_text()


def test_every_point_is_there_once_and_in_order() -> None:
    assert [point for point, _ in ROWS] == [f"U{number:02}" for number in range(1, 38)]


def test_every_file_and_macro_it_names_exists() -> None:
    for point, where in ROWS:
        for name in re.findall(r"`([^`]+)`", where):
            if re.match(r"(templates|tests|static|membership)/", name):
                assert (ROOT / name).exists(), (point, name)
            elif re.fullmatch(r"[a-z_]+", name):
                known = rf"macro {name}\(|{name}="
                assert re.search(known, MACROS) or name == "next", (point, name)
