"""Settings: read once from the environment, all complaints in one message.

Nothing else reads `os.environ`. Names are the ones Flask, its extensions, Stripe and MailerLite
use; `.env.example` explains each.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import quote
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from email_validator import EmailNotValidError, validate_email
from flask import current_app

ROOT = Path(__file__).resolve().parent.parent
STRIPE_API = "https://api.stripe.com"
MAILERLITE_API = "https://connect.mailerlite.com/api"


class ConfigError(SystemExit):
    """The settings cannot be used; `problems` has one sentence for each that is wrong.

    As a SystemExit it ends whatever was starting with its message alone, and status 1.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("Settings need attention:\n" + "\n".join(f"  - {p}" for p in problems))

    def __str__(self) -> str:
        return str(self.code)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting, checked. Secrets stay out of `repr`, and so out of logs."""

    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    site_url: str
    site_name: str
    contact_email: str | None
    stripe_secret_key: str = field(repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_api_base: str
    database_url: str = field(repr=False)
    queue_url: str = field(repr=False)
    ratelimit_storage_uri: str = field(repr=False)
    ratelimit_enabled: bool
    trusted_proxies: int
    bcrypt_log_rounds: int
    password_min_length: int
    session_idle_days: int
    session_lifetime_days: int
    mailerlite_api_base: str
    mailerlite_api_key: str | None = field(repr=False)
    mailerlite_webhook_secret: str | None = field(repr=False)
    mailerlite_code_group: str
    mailerlite_free_group: str
    mailerlite_paid_group: str
    mailerlite_lapsed_group: str
    mailerlite_code_field: str
    mailerlite_calls_per_minute: int
    code_delivery: str
    code_lifetime: int
    mail_server: str
    mail_port: int
    mail_use_tls: bool
    mail_use_ssl: bool
    mail_username: str | None = field(repr=False)
    mail_password: str | None = field(repr=False)
    mail_default_sender: str
    mail_receipts: bool
    stripe_calls_per_second: int
    grace_days: int
    on_refund: str
    on_dispute: str
    checkout_promotion_codes: bool
    checkout_tax: bool
    checkout_terms: bool
    events_give_up_days: int
    events_keep_days: int
    sandbox_clock: Path | None
    content_dir: Path
    cache_dir: Path
    log_level: str
    log_format: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Ours, the newest first: what one of the older ones has signed still counts."""
        return (self.secret_key, *self.secret_key_fallbacks)

    @property
    def https(self) -> bool:
        return self.site_url.startswith("https://")

    @property
    def livemode(self) -> bool:
        """Whether Stripe's key moves real money; an event of the other mode is not ours."""
        return "_live_" in self.stripe_secret_key

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """The settings in `environ`; raises ConfigError naming every missing or malformed one."""
        read = _Reader(environ)
        config = cls(**_settings(read))
        _check_together(config, read)
        if read.problems:
            raise ConfigError(sorted(read.problems))
        return config

    def for_flask(self) -> dict[str, Any]:
        """What Flask and its extensions want to find in `app.config`."""
        return {
            "LATCHKEY": self,
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": list(self.secret_key_fallbacks),
            "SERVER_NAME": urlsplit(self.site_url).netloc,  # for links made outside a request
            "TRUSTED_HOSTS": [_host(self.site_url), "localhost", "127.0.0.1"],
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(self.database_url),
            "BCRYPT_LOG_ROUNDS": self.bcrypt_log_rounds,
            "BCRYPT_HANDLE_LONG_PASSWORDS": True,
            "RATELIMIT_STORAGE_URI": self.ratelimit_storage_uri,
            "RATELIMIT_ENABLED": self.ratelimit_enabled,
            "MAIL_SERVER": self.mail_server,
            "MAIL_PORT": self.mail_port,
            "MAIL_USE_TLS": self.mail_use_tls,
            "MAIL_USE_SSL": self.mail_use_ssl,
            "MAIL_USERNAME": self.mail_username,
            "MAIL_PASSWORD": self.mail_password,
            "MAIL_DEFAULT_SENDER": f'"{quote(self.site_name)}" <{self.mail_default_sender}>',
            "MAX_CONTENT_LENGTH": 256 * 1024,
            "MAX_FORM_MEMORY_SIZE": 64 * 1024,
            "SESSION_COOKIE_NAME": "__Host-session" if self.https else "session",
            "SESSION_COOKIE_SECURE": self.https,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_REFRESH_EACH_REQUEST": False,
            "PERMANENT_SESSION_LIFETIME": self.session_lifetime_days * 24 * 3600,
            "WTF_CSRF_TIME_LIMIT": None,  # lives as long as the session it belongs to
            "WTF_CSRF_SSL_STRICT": False,  # some pages send no Referer; pages/origins.py looks
            "PREFERRED_URL_SCHEME": "https" if self.https else "http",
        }


def current() -> Config:
    """The settings of the application at hand."""
    config: Config = current_app.config["LATCHKEY"]
    return config


def environment() -> dict[str, str]:
    """The process's environment over `.env` at the project's root."""
    values = {k: v for k, v in dotenv_values(ROOT / ".env").items() if v is not None}
    return {**values, **os.environ}


def _settings(read: "_Reader") -> dict[str, Any]:
    instance = ROOT / "instance"
    host = _host(read.url("SITE_URL"))
    return {
        "secret_key": read.text("SECRET_KEY", at_least=32),
        "secret_key_fallbacks": read.several("SECRET_KEY_FALLBACKS", at_least=32),
        "site_url": read.url("SITE_URL").rstrip("/"),
        "site_name": read.text("SITE_NAME", "Latchkey"),
        "contact_email": read.address("CONTACT_EMAIL", None),
        "stripe_secret_key": read.text(
            "STRIPE_SECRET_KEY", prefixes=("sk_test_", "sk_live_", "rk_test_", "rk_live_")
        ),
        "stripe_webhook_secrets": read.several("STRIPE_WEBHOOK_SECRET", prefix="whsec_"),
        "stripe_api_base": read.url("STRIPE_API_BASE", STRIPE_API).rstrip("/"),
        "database_url": read.database("DATABASE_URL", f"sqlite:///{instance / 'latchkey.db'}"),
        "queue_url": read.text(
            "QUEUE_URL",
            f"sqlite:///{instance / 'queue.db'}",
            prefixes=("sqlite:///", "redis://", "rediss://", "postgresql://", "memory://"),
        ),
        "ratelimit_storage_uri": read.text(
            "RATELIMIT_STORAGE_URI", "memory://", prefixes=("memory://", "redis://", "rediss://")
        ),
        "ratelimit_enabled": read.flag("RATELIMIT_ENABLED", True),
        "trusted_proxies": read.number("TRUSTED_PROXIES", 0, 0, 10),
        "bcrypt_log_rounds": read.number("BCRYPT_LOG_ROUNDS", 12, 4, 16),
        "password_min_length": read.number("PASSWORD_MIN_LENGTH", 12, 8, 64),
        "session_idle_days": read.number("SESSION_IDLE_DAYS", 14, 1, 365),
        "session_lifetime_days": read.number("SESSION_LIFETIME_DAYS", 30, 1, 365),
        "mailerlite_api_base": read.url("MAILERLITE_API_BASE", MAILERLITE_API).rstrip("/"),
        "mailerlite_api_key": read.optional("MAILERLITE_API_KEY"),
        "mailerlite_webhook_secret": read.optional("MAILERLITE_WEBHOOK_SECRET"),
        "mailerlite_code_group": read.text("MAILERLITE_CODE_GROUP", "Verify"),
        "mailerlite_free_group": read.text("MAILERLITE_FREE_GROUP", "Free"),
        "mailerlite_paid_group": read.text("MAILERLITE_PAID_GROUP", "Paid"),
        "mailerlite_lapsed_group": read.text("MAILERLITE_LAPSED_GROUP", "Lapsed"),
        "mailerlite_code_field": read.text("MAILERLITE_CODE_FIELD", "verification_code"),
        "mailerlite_calls_per_minute": read.number(
            "MAILERLITE_CALLS_PER_MINUTE", 120, 10, 1_000_000
        ),
        "code_delivery": read.choice("CODE_DELIVERY", "auto", ("auto", "mailerlite", "smtp")),
        "code_lifetime": read.number("CODE_LIFETIME", 30, 5, 24 * 60),
        "mail_server": read.text("MAIL_SERVER"),
        "mail_port": read.number("MAIL_PORT", 25, 1, 65535),
        "mail_use_tls": read.flag("MAIL_USE_TLS", False),
        "mail_use_ssl": read.flag("MAIL_USE_SSL", False),
        "mail_username": read.optional("MAIL_USERNAME"),
        "mail_password": read.optional("MAIL_PASSWORD"),
        "mail_default_sender": read.address("MAIL_DEFAULT_SENDER", f"no-reply@{host}"),
        "mail_receipts": read.flag("MAIL_RECEIPTS", True),
        "stripe_calls_per_second": read.number("STRIPE_CALLS_PER_SECOND", 20, 1, 1000),
        "grace_days": read.number("GRACE_DAYS", 7, 0, 60),
        "on_refund": read.choice("ON_REFUND", "purchase", ("purchase", "always", "never")),
        "on_dispute": read.choice("ON_DISPUTE", "suspend", ("suspend", "keep")),
        "checkout_promotion_codes": read.flag("CHECKOUT_PROMOTION_CODES", False),
        "checkout_tax": read.flag("CHECKOUT_TAX", False),
        "checkout_terms": read.flag("CHECKOUT_TERMS", False),
        "events_give_up_days": read.number("EVENTS_GIVE_UP_DAYS", 14, 1, 365),
        "events_keep_days": read.number("EVENTS_KEEP_DAYS", 60, 1, 3650),
        "sandbox_clock": read.path("SANDBOX_CLOCK"),
        "content_dir": ROOT / read.text("CONTENT_DIR", "content"),
        "cache_dir": ROOT / read.text("CACHE_DIR", "instance/cache"),
        "log_level": read.choice(
            "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        ),
        "log_format": read.choice("LOG_FORMAT", "text", ("text", "json")),
    }


def _engine_options(database_url: str) -> dict[str, Any]:
    # An error's text must not carry what was to be written: addresses, hashes.
    options: dict[str, Any] = {"hide_parameters": True}
    if database_url.startswith("postgresql") and "connect_timeout" not in database_url:
        # A server that does not answer keeps nobody for minutes, nor the start of the site.
        options["connect_args"] = {"connect_timeout": 5}
    return options


def _check_together(config: Config, read: "_Reader") -> None:
    """What only makes sense, or no sense, side by side."""
    if config.site_url.startswith("http://") and not is_loopback(config.site_url):
        read.problems.add("SITE_URL must begin with https:// (plain http is for this machine only)")
    if urlsplit(config.site_url).path:
        read.problems.add("SITE_URL must not have a path: the site lives at the root of its host")
    if config.livemode and config.stripe_api_base != STRIPE_API:
        read.problems.add("STRIPE_API_BASE cannot be set beside a live key: it would leave Stripe")
    if config.sandbox_clock and not _all_here(config):
        read.problems.add(
            "SANDBOX_CLOCK is for trying things on this machine: it needs SITE_URL and "
            "STRIPE_API_BASE on 127.0.0.1, and a test key"
        )
    if config.mail_use_tls and config.mail_use_ssl:
        read.problems.add("MAIL_USE_TLS and MAIL_USE_SSL exclude each other: choose one")
    groups = {
        config.mailerlite_code_group,
        config.mailerlite_free_group,
        config.mailerlite_paid_group,
        config.mailerlite_lapsed_group,
    }
    if len(groups) < 4:
        read.problems.add("MAILERLITE_…_GROUP must name four different groups")
    if config.code_delivery == "mailerlite" and not config.mailerlite_api_key:
        read.problems.add("MAILERLITE_API_KEY is needed when CODE_DELIVERY is mailerlite")


def _all_here(config: Config) -> bool:
    """Whether nobody's real money or customers can be meant."""
    addresses = (config.site_url, config.stripe_api_base)
    return not config.livemode and all(is_loopback(address) for address in addresses)


def is_loopback(url: str) -> bool:
    host = _host(url)
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


class _Reader:
    """Reads values and collects what is wrong, so that one start tells all of it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: set[str] = set()

    def optional(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def text(
        self,
        name: str,
        default: str | None = None,
        *,
        at_least: int = 1,
        prefixes: tuple[str, ...] = ("",),
    ) -> str:
        value = self.optional(name) or default
        if value is None:
            self.problems.add(f"{name} is missing")
            return ""
        if len(value) < at_least:
            self.problems.add(f"{name} must have at least {at_least} characters")
        if not value.isprintable():
            self.problems.add(f"{name} must be one line of text")
        if not value.startswith(prefixes):
            self.problems.add(f"{name} must begin with {' or '.join(prefixes)}")
        return value

    def path(self, name: str) -> Path | None:
        value = self.optional(name)
        return ROOT / value if value else None

    def several(self, name: str, *, prefix: str = "", at_least: int = 1) -> tuple[str, ...]:
        given = (self.environ.get(name) or "").split(",")
        parts = tuple(part.strip() for part in given if part.strip())
        if not all(part.startswith(prefix) for part in parts):
            self.problems.add(f"{name} must begin with {prefix}, each of them if there are several")
        if any(len(part) < at_least for part in parts):
            self.problems.add(f"{name} must have at least {at_least} characters, each of them")
        return parts

    def address(self, name: str, default: str | None) -> str | None:
        """A bare address; the name people see beside it is the site's. The default is not judged:
        a site on this machine alone has no real one."""
        value = self.optional(name)
        if value is None:
            return default
        try:
            return validate_email(value, check_deliverability=False).normalized
        except EmailNotValidError:
            self.problems.add(f"{name} must be an address such as letters@example.com")
            return default

    def url(self, name: str, default: str | None = None) -> str:
        value = self.text(name, default)
        try:
            parts = urlsplit(value)
            extra = parts.query or parts.fragment or parts.username or parts.password
            whole = parts.scheme in ("http", "https") and parts.hostname and not extra
            whole = whole and parts.port != 0  # reading it refuses one that is out of range
        except ValueError:
            whole = False
        if value and not whole:
            self.problems.add(f"{name} must be a whole address such as https://example.com")
            return ""
        return value

    def database(self, name: str, default: str) -> str:
        value = self.text(
            name, default, prefixes=("sqlite:///", "postgresql://", "postgres://", "postgresql+")
        )
        for short in ("postgresql://", "postgres://"):
            if value.startswith(short):
                return "postgresql+psycopg://" + value.removeprefix(short)
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.optional(name)
        if value is None:
            return default
        if not value.isdecimal() or not low <= int(value) <= high:
            self.problems.add(f"{name} must be a whole number from {low} to {high}")
            return default
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        value = (self.optional(name) or str(default)).lower()
        if value not in ("true", "false", "1", "0"):
            self.problems.add(f"{name} must be true or false")
        return value in ("true", "1")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.optional(name) or default
        if value not in allowed:
            self.problems.add(f"{name} must be one of {', '.join(allowed)}")
            return default
        return value
