"""flask paywall-check"""

import click
from flask.cli import with_appcontext

from membership.paywall_check import check


@click.command("paywall-check")
@click.option("--forms", is_flag=True, help="Send every form as well: not on the site in use.")
@with_appcontext
def command(forms: bool) -> None:
    """Look for locked text in everything the site answers, as a visitor, a free member, one whose
    time is over, and one for each feature.

    It tries a copy of the site with an empty database: nothing is written here, nothing is sent.
    Exit status: 0 nothing is wrong, 1 something is.
    """
    report = check.run(with_forms=forms)
    click.echo(
        f"Asked {len(report.addresses)} addresses as {report.people} readers: "
        f"{report.answers} answers, {report.locked} locked texts and files, "
        f"{report.guarded} guarded routes."
    )
    for fault in report.faults:
        click.echo(f"WRONG  {fault}")
    if not report.faults:
        click.echo("Nothing locked is where it must not be, and whoever may have it gets it.")
    click.get_current_context().exit(1 if report.faults else 0)
