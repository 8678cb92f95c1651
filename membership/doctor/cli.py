"""flask doctor"""

import json
from collections import Counter
from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from membership.doctor import examination
from membership.doctor.findings import Finding, Level

DOCS = "docs/when-things-go-wrong.md has a section for each of these."
STATUS = {Level.BROKEN: 2, Level.LOOK: 1}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For a monitor: names stay the same.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Say what is not well, the worst first, and what to do.

    Exit status: 0 all is well, 1 something to look at, 2 something is broken.
    """
    found = examination.examine()
    if as_json:
        click.echo(json.dumps(_for_machines(found), indent=2, ensure_ascii=False))
    else:
        for line in _for_people(found):
            click.echo(line)
    click.get_current_context().exit(STATUS.get(_worst(found), 0))


def _worst(found: list[Finding]) -> Level:
    levels = {finding.said.level for finding in found}
    return next((level for level in STATUS if level in levels), Level.WELL)


def _for_machines(found: list[Finding]) -> dict[str, object]:
    return {
        "status": _worst(found),
        "checks": [
            {
                "name": finding.check.name,
                "level": finding.said.level,
                "what": finding.said.what,
                "why": finding.check.why,
                "do": finding.said.do,
            }
            for finding in found
        ],
    }


def _for_people(found: list[Finding]) -> Iterator[str]:
    for finding in found:
        check, said = finding.check, finding.said
        yield f"{said.level:8} {check.name:23} {said.what}"
        if said.level in STATUS:
            yield f"{'':33} Why it matters: {check.why}"
            yield f"{'':33} What to do: {said.do}"
    count = Counter(finding.said.level for finding in found)
    yield ""
    if _worst(found) is Level.WELL:
        yield "All is well."
    else:
        yield f"Broken: {count[Level.BROKEN]}. To look at: {count[Level.LOOK]}. {DOCS}"
