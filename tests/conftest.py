"""Who and what a test can ask for.

    app         the application on a fresh database, wired to `sandbox`, with a `clock` that moves
    work()      everything due now, done here instead of in a worker
    browser()   a person's browser without a window; `visitor` is one, and so are `ada` (paying),
                `grace` (signed up, free) and `edsger` (lapsed)
    listening   the application on a port, so that the sandbox's webhooks arrive
    site        gunicorn, worker and sandbox as processes; `big_site` with PostgreSQL and Redis
    windows     real browser windows; any console error in them fails the test

`@on_each_database` (tests/support/databases.py) runs a test on SQLite and on PostgreSQL.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium

from membership import url_rules
from membership.commands import create_app
from sandbox.compiled import Compiled
from sandbox.server import Sandbox
from tests.support import databases, people
from tests.support.browser import Browser, Elsewhere
from tests.support.chromium import NoChromium, Windows, chromium
from tests.support.clock import MovableClock
from tests.support.databases import PostgresServer, SqliteTemplate
from tests.support.ports import free_ports
from tests.support.served import served
from tests.support.settings import WEBHOOK_SECRET, settings
from tests.support.site import Site, redis_program, redis_server, running_site
from tests.support.working import works

MakeApp = Callable[..., Flask]
COMPILED = Compiled()
STATEMENTS = databases.Statements()
Flask.url_rule_class = url_rules.Rule  # the sandbox's application as well: each test has one


# Databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return databases.migrated_sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with databases.postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    name = postgres.create()
    databases.migrate(postgres.address(name))
    return name


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database with the newest schema: SQLite unless the test asks for each."""
    if getattr(request, "param", "sqlite") == "sqlite":
        template: SqliteTemplate = request.getfixturevalue("sqlite_template")
        yield template.copy_to(tmp_path / "site.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = server.lend(template=request.getfixturevalue("postgres_template"))
        yield server.address(name)
        server.take_back(name)


# The application, its clock and its counterpart


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    """How far the sandbox's clock has been moved; the application's billing follows it."""
    return tmp_path / "sandbox-clock.json"


@pytest.fixture
def sandbox(clock_file: Path) -> Iterator[Sandbox]:
    """A Stripe, a MailerLite and a mailbox of this test's own, with the example products."""
    with Sandbox(webhook_secret=WEBHOOK_SECRET, clock_file=clock_file) as started:
        started.seed()
        yield started


@pytest.fixture
def site_url() -> str:
    return f"http://127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture
def make_app(
    sandbox: Sandbox, clock_file: Path, database_url: str, clock: MovableClock, site_url: str
) -> Iterator[MakeApp]:
    """Build the application with these settings changed: make_app(CODE_DELIVERY="smtp")."""
    made: list[Flask] = []

    def make(**changed: str) -> Flask:
        wired = {
            "SITE_URL": site_url,
            "DATABASE_URL": database_url,
            "STRIPE_API_BASE": sandbox.stripe_base,
            "MAILERLITE_API_BASE": sandbox.mailerlite_base,
            "MAIL_PORT": str(sandbox.smtp_port),
        }
        if changed.keys().isdisjoint(wired):  # else it may be one that no clock may be moved of
            wired["SANDBOX_CLOCK"] = str(clock_file)
        made.append(create_app(settings(**{**wired, **changed}), clock=clock))
        made[-1].jinja_env.bytecode_cache = COMPILED
        databases.be_quick(made[-1])
        STATEMENTS.share(made[-1])
        return made[-1]

    yield make
    for app in made:
        databases.close(app)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def listening(app: Flask, sandbox: Sandbox, site_url: str) -> Iterator[str]:
    """The application answers on its SITE_URL, and the sandbox sends its webhooks there."""
    with served(app, int(site_url.rpartition(":")[2])):
        sandbox.webhook_url = f"{site_url}/webhooks/stripe"
        yield site_url
        sandbox.webhook_url = None


@pytest.fixture
def work(app: Flask, sandbox: Sandbox) -> Callable[[], None]:
    def run_due() -> None:
        if not sandbox.webhooks_paused:
            sandbox.deliver_pending()  # what is on its way arrives first
        works(app)

    return run_due


# People


@pytest.fixture
def browser(app: Flask, site_url: str) -> Callable[[], Browser]:
    """A new browser, with no cookies yet."""
    return lambda: Browser(app, site_url)


@pytest.fixture
def visitor(browser: Callable[[], Browser]) -> Browser:
    return browser()


@pytest.fixture
def ada(app: Flask, browser: Callable[[], Browser], clock: MovableClock) -> Browser:
    """Signed in, and may use the premium pages for a month to come."""
    user_id = people.opens_account(app, people.ADA)
    people.is_granted(app, user_id, ends_at=clock() + people.MONTH)
    return people.signs_in(browser(), people.ADA)


@pytest.fixture
def grace(app: Flask, browser: Callable[[], Browser]) -> Browser:
    """Signed in, and has never paid."""
    people.opens_account(app, people.GRACE)
    return people.signs_in(browser(), people.GRACE)


@pytest.fixture
def edsger(app: Flask, browser: Callable[[], Browser], clock: MovableClock) -> Browser:
    """Signed in; what he paid for ended yesterday."""
    user_id = people.opens_account(app, people.EDSGER)
    people.is_granted(app, user_id, ends_at=clock() - timedelta(days=1))
    return people.signs_in(browser(), people.EDSGER)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """A person on Stripe's pages."""
    with Elsewhere() as person:
        yield person


# The site as it is in production


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """On SQLite, for the whole run: leave it as one finds a busy site, and come as somebody new."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def big_site(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Site]:
    """On PostgreSQL, with Redis for the queue and the limits; for the whole run."""
    with _big_site(tmp_path_factory.mktemp("big-site"), postgres) as running:
        yield running


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Start a site of this test's own, with these settings changed: one that may be hurt."""
    with ExitStack() as stack:

        def make(**changed: str) -> Site:
            return stack.enter_context(running_site(tmp_path / "site", **changed))

        yield make


@contextmanager
def _big_site(folder: Path, postgres: PostgresServer) -> Iterator[Site]:
    if not redis_program():
        pytest.skip("redis-server is not installed")
    with redis_server(folder) as redis:
        name = postgres.create()
        with running_site(
            folder / "instance",
            DATABASE_URL=postgres.address(name),
            QUEUE_URL=f"{redis}/0",
            RATELIMIT_STORAGE_URI=f"{redis}/1",
        ) as running:
            yield running
        postgres.drop(name)


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Chromium]:
    with ExitStack() as stack:
        try:
            started = stack.enter_context(chromium())
        except NoChromium as error:
            pytest.skip(f"no Chromium: {error}")
        yield started


@pytest.fixture
def windows(chromium_browser: Chromium) -> Iterator[Windows]:
    """Real windows: windows.open(width=PHONE, javascript=False)."""
    opened = Windows(chromium_browser)
    yield opened
    opened.close()
    assert opened.complaints == []


# Two test processes share the work: who needs a running site goes where it runs already, and what
# takes long begins early


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for running in {"site", "big_site"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(running))
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """What is there now stays to the end: not to be looked through again at every collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


# Where CI is set nothing may be left out


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _left_out(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for report in _left_out(config):
        terminalreporter.write_line(f"skipped, which is a failure here: {report}", red=True)


def _left_out(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None:
        return []
    return [report.nodeid for report in reporter.stats.get("skipped", [])]
