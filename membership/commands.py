"""`flask …`: the application with its commands, and what only they need. gunicorn serves it without
them, in half the memory."""

from collections.abc import Mapping

from flask import Flask
from flask_migrate import Migrate

from membership import app as application
from membership import clock as clocks
from membership import inbox_cli, worker
from membership.accounts import cli as accounts_cli
from membership.billing import cli as billing_cli
from membership.billing import comp_cli
from membership.billing.explain import cli as why_cli
from membership.config import ROOT, environment
from membership.db import db
from membership.doctor import cli as doctor_cli
from membership.library.publishing import cli as publishing_cli
from membership.newsletter import cli as newsletter_cli
from membership.paywall_check import cli as paywall_check_cli
from membership.paywall_check import trial

migrate = Migrate(
    db=db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True
)


def create_app(
    environ: Mapping[str, str] | None = None, *, clock: clocks.Clock | None = None
) -> Flask:
    """As `membership.app.create_app`."""
    given = environment() if environ is None else environ
    app = application.create_app(given, clock=clock)
    migrate.init_app(app)
    trial.init_app(app, lambda changed: application.create_app({**given, **changed}))
    for command in (
        worker.worker,
        inbox_cli.events,
        newsletter_cli.newsletter,
        accounts_cli.owner,
        billing_cli.billing,
        comp_cli.members,
        publishing_cli.library,
        why_cli.command,
        doctor_cli.doctor,
        paywall_check_cli.command,
    ):
        app.cli.add_command(command)
    return app
