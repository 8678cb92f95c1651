"""The application: the one module that knows all the others, and wires them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from membership import clock as clocks
from membership import (
    db,
    dead_letters,
    extensions,
    inbox,
    jobs,
    logs,
    outbox,
    retention,
    url_rules,
)
from membership.accounts import (
    destinations,
    moving,
    moving_letters,
    old_sessions,
    password_setting,
)
from membership.accounts import routes as accounts
from membership.accounts.resetting import letters as password_letters
from membership.accounts.resetting import resets
from membership.accounts.resetting import routes as reset
from membership.admin import codes as desk_codes
from membership.admin import doubles as desk_doubles
from membership.admin import events as desk_events
from membership.admin import overview
from membership.admin import payments as desk_payments
from membership.admin import posts as desk_posts
from membership.admin.needs import letters as owner_letters
from membership.admin.needs import standing, watch
from membership.admin.people import members, person
from membership.billing import (
    access,
    bindings,
    dates,
    endings,
    events,
    forwarding,
    stripe_api,
    unclaimed,
)
from membership.billing import routes as billing
from membership.billing.claiming import claims, letters
from membership.billing.claiming import routes as claim
from membership.billing.goodbye import departure
from membership.billing.goodbye import letters as goodbye_letters
from membership.billing.repair import missed_events, reconcile
from membership.billing.telling import letters as money_letters
from membership.billing.telling import told, trials
from membership.config import ROOT, Config, environment
from membership.dashboard import (
    address,
    data,
    disclosure,
    feed,
    goodbye,
    reader,
    reader_data,
    security,
)
from membership.dashboard import letters as member_letters
from membership.dashboard import routes as dashboard
from membership.library import locked, posts
from membership.library.pages import archive, downloads, feeds, search, sitemap
from membership.library.pages import routes as library
from membership.library.publishing import sending
from membership.newsletter import consents, mailerlite, reader_links
from membership.newsletter import routes as newsletter
from membership.newsletter.codes import delivery, emails
from membership.newsletter.mailing_list import events as list_events
from membership.newsletter.mailing_list import sweep as list_sweep
from membership.newsletter.mailing_list import sync as list_sync
from membership.newsletter.readers import erasing
from membership.newsletter.readers import letters as reader_letters
from membership.newsletter.readers import moving as reader_moving
from membership.pages import (
    addresses,
    brand,
    errors,
    headers,
    health,
    maintenance,
    origins,
    texts,
    theme,
)
from membership.pages import routes as pages
from membership.premium import drafts
from membership.premium import routes as premium
from membership.previews import routes as previews
from webhooks import mailerlite as mailerlite_webhook
from webhooks import stripe as stripe_webhook

BLUEPRINTS = (
    pages.bp,
    theme.bp,
    health.bp,
    newsletter.bp,
    accounts.bp,
    reset.bp,
    billing.bp,
    claim.bp,
    library.bp,
    feeds.bp,
    sitemap.bp,
    archive.bp,
    search.bp,
    downloads.bp,
    dashboard.bp,
    address.bp,
    data.bp,
    feed.bp,
    goodbye.bp,
    member_letters.bp,
    reader.bp,
    reader_data.bp,
    security.bp,
    premium.bp,
    overview.bp,
    desk_payments.bp,
    desk_doubles.bp,
    desk_posts.bp,
    desk_events.bp,
    desk_codes.bp,
    members.bp,
    person.bp,
    stripe_webhook.bp,
    mailerlite_webhook.bp,
)


def create_app(
    environ: Mapping[str, str] | None = None, *, clock: clocks.Clock | None = None
) -> Flask:
    """Build the application from these settings, or from the environment over `.env`.

    Raises ConfigError naming every setting that is missing or malformed.
    """
    config = Config.from_env(environment() if environ is None else environ)
    app = Flask(
        "membership",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        instance_path=str(ROOT / "instance"),
    )
    app.url_rule_class = url_rules.Rule
    app.jinja_environment = addresses.Environment
    app.config.from_mapping(config.for_flask())
    logs.configure(config)
    clocks.init_app(app, clock)
    _trust_proxies(app, config)
    _wire_database(app, config)
    _wire_outsiders(app, config)
    _wire_work(app, config)
    _wire_people(app)
    _wire_pages(app, config)
    return app


def _trust_proxies(app: Flask, config: Config) -> None:
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def _wire_database(app: Flask, config: Config) -> None:
    if config.database_url.startswith("sqlite:///"):
        folder = Path(config.database_url.removeprefix("sqlite:///")).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds people's addresses
    db.init_app(app)


def _wire_outsiders(app: Flask, config: Config) -> None:
    stripe_api.init_app(app, config)
    mailerlite.init_app(app, config)
    outbox.init_app(app)
    outbox.register(app, "code", emails.code)
    outbox.register(app, resets.LETTER, password_letters.password_reset)
    outbox.register(app, resets.NO_ACCOUNT_LETTER, password_letters.no_account)
    outbox.register(app, password_setting.LETTER, password_letters.password_changed)
    outbox.register(app, unclaimed.LETTER, letters.paid_first)
    outbox.register(app, claims.LETTER, letters.claim_code)
    outbox.register(app, owner_letters.LETTER, owner_letters.needs)
    outbox.register(app, told.PAYMENT_RECEIVED, money_letters.payment_received)
    outbox.register(app, told.PAYMENT_FAILED, money_letters.payment_failed)
    outbox.register(app, told.TRIAL_ENDING, money_letters.trial_ending)
    outbox.register(app, told.ACCESS_ENDED, money_letters.access_ended)
    outbox.register(app, told.PAYMENT_CLAIMED, money_letters.payment_claimed)
    outbox.register(app, told.PAYMENT_GIVEN, money_letters.payment_given)
    outbox.register(app, departure.LETTER, goodbye_letters.goodbye, leaves_no_row=True)
    outbox.register(app, reader_links.LETTER, reader_letters.link)
    outbox.register(app, reader_links.UNKNOWN_LETTER, reader_letters.unknown)
    outbox.register(app, reader_moving.CODE, reader_letters.code)
    outbox.register(app, reader_moving.MOVED, reader_letters.moved)
    outbox.register(app, erasing.LETTER, reader_letters.forgotten, leaves_no_row=True)
    outbox.register(app, moving.CODE, moving_letters.code)
    outbox.register(app, moving.TAKEN, moving_letters.taken)
    outbox.register(app, moving.ASKED, moving_letters.asked)
    outbox.register(app, moving.CHANGED, moving_letters.changed)
    outbox.register(app, moving.UNDONE, moving_letters.undone)
    outbox.follow(app, ("code", claims.LETTER, moving.CODE, reader_moving.CODE), delivery.mail_went)


def _wire_work(app: Flask, config: Config) -> None:
    """Kinds of work, in the order the sweep does them: what people wait for comes first."""
    inbox.init_app(app)
    inbox.register(app, events.SOURCE, events.process, by_subject=True)
    inbox.register(app, list_events.SOURCE, list_events.process, by_subject=True)
    kinds = jobs.init_app(app, config).kinds
    kinds["codes"] = delivery.drain
    kinds["outbox"] = outbox.drain
    kinds["inbox"] = inbox.drain
    kinds["matching"] = bindings.drain
    kinds["endings"] = endings.drain
    kinds["trials"] = trials.drain
    kinds[list_sync.KIND] = list_sync.drain
    kinds[list_sweep.KIND] = list_sweep.drain
    kinds[sending.KIND] = sending.drain
    kinds[forwarding.KIND] = forwarding.drain
    kinds["drafts"] = drafts.drain
    kinds["dead letters"] = dead_letters.drain
    kinds["retention"] = retention.drain
    kinds["consents"] = consents.drain
    kinds["old sessions"] = old_sessions.drain
    kinds[missed_events.KIND] = missed_events.drain
    kinds[reconcile.KIND] = reconcile.drain
    kinds[watch.KIND] = watch.drain


def _wire_people(app: Flask) -> None:
    extensions.bcrypt.init_app(app)
    extensions.csrf.init_app(app)
    extensions.limiter.init_app(app)
    manager = extensions.login_manager
    manager.anonymous_user = access.Visitor
    manager.user_loader(access.load_member)
    manager.unauthorized_handler(_ask_to_sign_in)
    manager.init_app(app)


def _wire_pages(app: Flask, config: Config) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if config.sandbox_clock:  # somebody's own machine
        app.register_blueprint(previews.bp)
    disclosure.tell(
        app, "drafts", "What you had measured.", "text minutes longest", drafts.Draft.id
    )
    posts.init_app(app)
    locked.init_app(app)
    addresses.init_app(app)
    texts.init_app(app, config)
    sitemap.init_app(app, lambda: [text.endpoint for text in texts.listed()])
    maintenance.init_app(app)
    errors.init_app(app)
    origins.init_app(app, config)
    headers.init_app(app, config)
    app.template_filter("day")(dates.day)
    app.template_filter("exact")(dates.exact)
    app.template_filter("month")(dates.month)
    app.jinja_env.globals.update(brand=brand.read(), theme=theme, texts=texts.listed)

    @app.context_processor
    def for_every_template() -> dict[str, Any]:
        return {
            "site_name": config.site_name,
            "site_url": config.site_url,
            "contact_email": config.contact_email,
            "alarm": standing.alarm,
            "here": request.endpoint if has_request_context() else None,
        }


def _ask_to_sign_in() -> ResponseReturnValue:
    """To the sign-in page, and from there back; a form is found again on the page it was on."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else _page_before()
    return redirect(url_for("accounts.login", next=destinations.local(wanted)), 303)


def _page_before() -> str | None:
    before = request.referrer or ""
    return before.removeprefix(request.host_url.rstrip("/")) or None
