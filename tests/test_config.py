"""Settings are read once, and everything wrong with them is said at once."""

import pytest

from membership.config import ROOT, Config, ConfigError

GOOD = {
    "SECRET_KEY": "k" * 32,
    "SITE_URL": "https://example.com",
    "STRIPE_SECRET_KEY": "sk_test_123",
    "MAIL_SERVER": "mail.example.com",
}


def problems(**changes: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        Config.from_env(GOOD | changes)
    return refused.value.problems


def test_nothing_set_names_everything_that_is_missing_in_one_message() -> None:
    with pytest.raises(ConfigError) as refused:
        Config.from_env({})
    for name in GOOD:
        assert f"{name} is missing" in str(refused.value)


def test_the_defaults_are_the_documented_ones() -> None:
    config = Config.from_env(GOOD)
    assert config.site_name == "Latchkey"
    assert config.password_min_length == 12
    assert config.grace_days == 7
    assert config.code_delivery == "auto"
    assert config.mail_default_sender == "no-reply@example.com"
    assert config.stripe_webhook_secrets == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "changeme", "at least 32"),
        ("SECRET_KEY_FALLBACKS", f"{'o' * 32},changeme", "at least 32"),
        ("SESSION_IDLE_DAYS", "0", "whole number"),
        ("SITE_URL", "example.com", "whole address"),
        ("SITE_URL", "http://example.com", "https"),
        ("SITE_URL", "https://example.com/members", "path"),
        ("SITE_URL", "https://example.com#top", "whole address"),
        ("SITE_URL", "https://ada:secret@example.com", "whole address"),
        ("SITE_URL", "https://example.com:99999", "whole address"),
        ("SITE_NAME", "Latch\nkey", "one line"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a,foo", "whsec_"),
        ("MAIL_DEFAULT_SENDER", "Ada <ada@example.com>", "address"),
        ("MAIL_DEFAULT_SENDER", "nonsense", "address"),
        ("STRIPE_SECRET_KEY", "pk_test_123", "sk_test_"),
        ("PASSWORD_MIN_LENGTH", "many", "whole number"),
        ("PASSWORD_MIN_LENGTH", "4", "whole number"),
        ("CODE_DELIVERY", "pigeon", "one of"),
        ("CODE_DELIVERY", "mailerlite", "MAILERLITE_API_KEY"),
        ("MAIL_USE_TLS", "perhaps", "true or false"),
        ("DATABASE_URL", "mysql://x", "sqlite:///"),
        ("STRIPE_API_BASE", "ftp://x", "whole address"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str, said: str) -> None:
    (problem,) = problems(**{name: value})
    assert name in problem
    assert said in problem


def test_two_groups_cannot_be_one() -> None:
    (problem,) = problems(MAILERLITE_FREE_GROUP="Readers", MAILERLITE_PAID_GROUP="Readers")
    assert "four different" in problem


def test_a_live_key_never_leaves_stripe() -> None:
    (problem,) = problems(STRIPE_SECRET_KEY="sk_live_1", STRIPE_API_BASE="http://127.0.0.1:4242")
    assert "live key" in problem


TRYING = {
    "SITE_URL": "http://127.0.0.1:8000",
    "STRIPE_API_BASE": "http://localhost:4242/stripe",
    "STRIPE_SECRET_KEY": "sk_test_sandbox",
    "SANDBOX_CLOCK": "instance/sandbox-clock.json",
}


def test_a_movable_clock_is_taken_where_everything_is_on_this_machine() -> None:
    assert Config.from_env(GOOD | TRYING).sandbox_clock == ROOT / "instance/sandbox-clock.json"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "https://example.com"),
        ("SITE_URL", "https://127.0.0.1.example.com"),
        ("STRIPE_API_BASE", ""),
        ("STRIPE_API_BASE", "https://api.stripe.com"),
        ("STRIPE_API_BASE", "http://127.0.0.1@example.com"),
        ("STRIPE_SECRET_KEY", "sk_live_123"),
        ("STRIPE_SECRET_KEY", "rk_live_123"),
    ],
)
def test_nobody_moves_the_clock_of_a_site_that_takes_money(name: str, value: str) -> None:
    said = problems(**TRYING | {name: value})
    assert [problem for problem in said if problem.startswith(("SANDBOX_CLOCK", name))]


def test_secrets_are_not_in_the_repr() -> None:
    config = Config.from_env(
        GOOD
        | {
            "STRIPE_WEBHOOK_SECRET": "whsec_hidden",
            "MAIL_PASSWORD": "hidden",
            "SECRET_KEY_FALLBACKS": "hidden and long enough to be a key",
            "MAILERLITE_API_KEY": "hidden",
            "DATABASE_URL": "postgresql://u:hidden@h/d",
        }
    )
    assert "hidden" not in repr(config)
    assert GOOD["STRIPE_SECRET_KEY"] not in repr(config)
    assert GOOD["SECRET_KEY"] not in repr(config)


def test_several_webhook_secrets_are_accepted_while_rotating() -> None:
    config = Config.from_env(GOOD | {"STRIPE_WEBHOOK_SECRET": "whsec_a, whsec_b"})
    assert config.stripe_webhook_secrets == ("whsec_a", "whsec_b")


@pytest.mark.parametrize("address", ["postgres://h/d", "postgresql://h/d"])
def test_postgres_is_spoken_to_with_psycopg(address: str) -> None:
    assert Config.from_env(GOOD | {"DATABASE_URL": address}).database_url == (
        "postgresql+psycopg://h/d"
    )


@pytest.mark.parametrize(
    ("address", "seconds"),
    [
        ("postgresql://db.example/site", {"connect_timeout": 5}),
        ("postgresql://db.example/site?connect_timeout=30", None),  # as it says
        ("sqlite:///site.db", None),
    ],
)
def test_a_server_that_does_not_answer_is_waited_for_so_long(
    address: str, seconds: dict[str, int] | None
) -> None:
    flasks = Config.from_env(GOOD | {"DATABASE_URL": address}).for_flask()
    assert flasks["SQLALCHEMY_ENGINE_OPTIONS"].get("connect_args") == seconds
