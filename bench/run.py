"""make bench: what must be quick, measured, and how it stands to what was promised.

On a quiet machine. Read the ratios; the numbers beside them belong to the machine.
`make bench ONLY="throughput growth"` measures these alone.
"""

import signal
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import growth, library, mailing_list, start, storm, table, throughput, work  # noqa: E402

SCENARIOS = {
    "start": start.measure,
    "throughput": throughput.measure,
    "work": work.measure,
    "storm": storm.measure,
    "growth": growth.measure,
    "library": library.measure,
    "list": mailing_list.measure,
}


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then, too
    figures = []
    for name in sys.argv[1:] or SCENARIOS:
        print(f"{name}: {SCENARIOS[name].__module__}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            figures += SCENARIOS[name](Path(folder))
    table.show(figures)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
