"""Two kinds of town: all in this process, or as processes that may be killed."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import Flask

from membership.commands import create_app
from sandbox import run
from sandbox.server import Sandbox
from tests.support import databases
from tests.support.ports import free_ports
from tests.support.served import served
from tests.support.settings import WEBHOOK_SECRET, settings
from tests.torture import shop
from tests.torture.facts import Policy
from tests.torture.town import Town

# Seconds: deliveries that fail are tried again soon, as nothing here waits for a real outage.
RETRIES = (0.1, 0.2, 0.5, *[1.0] * 60)


@contextmanager
def village(folder: Path, database_url: str, policy: Policy) -> Iterator[Town]:
    """All of it in this process: quick to start, and nobody can be killed."""
    ports = run.Ports(*free_ports(3))
    with ExitStack() as stack:
        sandbox = stack.enter_context(_sandbox(folder, ports))
        app = stack.enter_context(_app(_settings(folder, ports, database_url, policy)))
        stack.enter_context(served(app, ports.web))
        town = Town(sandbox, app, ports.site, policy)
        stack.callback(town.api.close)
        yield _opened(town)


@contextmanager
def city(folder: Path, database_url: str, policy: Policy) -> Iterator[Town]:
    """Two web and two worker processes, each of which may be killed."""
    ports = run.Ports(*free_ports(3))
    environ = _settings(folder, ports, database_url, policy)
    with ExitStack() as stack:
        sandbox = stack.enter_context(_sandbox(folder, ports))
        app = stack.enter_context(_app(environ))
        from_the_shell = {
            name: os.environ[name] for name in run.FROM_THE_SHELL if name in os.environ
        }
        household = run.Household(folder, {**from_the_shell, **environ})
        stack.callback(household.stop)
        town = Town(sandbox, app, ports.site, policy, household)
        stack.callback(town.api.close)
        stack.callback(town.kill_all)  # nobody need be asked politely at the end of the world
        town.revive()
        yield _opened(town)


def _settings(folder: Path, ports: run.Ports, database_url: str, policy: Policy) -> dict[str, str]:
    return settings(
        SITE_URL=ports.site,
        HOST=run.HOST,
        PORT=str(ports.web),
        WEB_CONCURRENCY="2",
        FLASK_APP="membership.commands:create_app",
        FLASK_SKIP_DOTENV="1",
        DATABASE_URL=database_url,
        QUEUE_URL=f"sqlite:///{folder / 'queue.db'}",
        STRIPE_CALLS_PER_SECOND="500",  # what is tried here is not how fast it may be
        STRIPE_API_BASE=f"{ports.counterpart}/stripe",
        MAILERLITE_API_KEY="",
        MAIL_PORT=str(ports.smtp),
        SANDBOX_CLOCK=str(folder / "clock.json"),
        GRACE_DAYS=str(policy.grace_days),
        ON_REFUND=policy.on_refund,
        ON_DISPUTE=policy.on_dispute,
    )


@contextmanager
def _sandbox(folder: Path, ports: run.Ports) -> Iterator[Sandbox]:
    with Sandbox(
        port=ports.sandbox,
        smtp_port=ports.smtp,
        webhook_secret=WEBHOOK_SECRET,
        webhook_retries=RETRIES,
        clock_file=folder / "clock.json",
    ) as started:
        yield started


@contextmanager
def _app(environ: Mapping[str, str]) -> Iterator[Flask]:
    app = create_app(environ)
    yield app
    databases.close(app)


def _opened(town: Town) -> Town:
    """With something to sell, and webhooks that arrive."""
    shop.stock(town.sandbox)
    done, said = town.flask("billing", "catalogue")
    assert done, said
    town.heard_at = town.sandbox.clock.now()
    town.sandbox.webhook_url = f"{town.url}/webhooks/stripe"
    return town
