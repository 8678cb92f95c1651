"""Settings for an application under test: whole, and pointing at nobody unless told to."""

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there
WEBHOOK_SECRET = "whsec_sandbox"


def settings(**changed: str) -> dict[str, str]:
    """What `create_app` takes, with these settings changed or added."""
    content = changed.get("CONTENT_DIR")
    return {
        # Another test's posts do not push the project's own out of the folder they all look into.
        **({"CACHE_DIR": f"{content}/cache"} if content else {}),
        "SECRET_KEY": "a key for tests, long enough to be one",
        "SITE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": "sqlite:///:memory:",
        "QUEUE_URL": "memory://",
        "STRIPE_API_BASE": f"{NOBODY}/stripe",
        "STRIPE_SECRET_KEY": "sk_test_sandbox",
        "STRIPE_CALLS_PER_SECOND": "1000",
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "MAILERLITE_API_BASE": f"{NOBODY}/mailerlite/api",
        "MAILERLITE_API_KEY": "sandbox",
        "MAILERLITE_CALLS_PER_MINUTE": "1000000",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": "9",
        "MAIL_USE_TLS": "false",
        "BCRYPT_LOG_ROUNDS": "4",
        "RATELIMIT_ENABLED": "false",
        **changed,
    }
