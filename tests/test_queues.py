"""A site whose queue is a file carries no client of another's."""

import subprocess
import sys

from membership.config import ROOT

LOADED = """
import sys
import membership.app
print([name for name in ("redis", "psycopg", "alembic") if name in sys.modules])
"""


def test_what_a_web_process_does_not_need_it_does_not_load() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
