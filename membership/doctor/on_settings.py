"""Settings that are well formed, and still not what a site should run with."""

from collections.abc import Iterator

from membership.config import STRIPE_API, Config, is_loopback
from membership.doctor.findings import Check, Said, broken, look, well
from membership.doctor.visit import Visit

EXAMPLES = (
    "example",
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "your_",
    "your-",
    "xxxx",
)
FEWEST_LETTERS = 8  # different ones; 32 random hexadecimal digits have fewer once in a million


def _secrets(visit: Visit) -> Said:
    poor = sorted({name for name, value in _every_secret(visit.settings) if _is_poor(value)})
    if poor:
        return broken(
            f"{', '.join(poor)} {'look' if len(poor) > 1 else 'looks'} like an example.",
            "Put the real one into .env; docs/settings.md says where each comes from. Restart.",
        )
    return well("No secret looks like an example.")


def _every_secret(settings: Config) -> Iterator[tuple[str, str]]:
    """Name and value of each that is set. The sandbox's Stripe takes any key."""
    found: list[tuple[str, str | None]] = [
        ("SECRET_KEY", settings.secret_key),
        *(("SECRET_KEY_FALLBACKS", key) for key in settings.secret_key_fallbacks),
        ("MAILERLITE_API_KEY", settings.mailerlite_api_key),
        ("MAILERLITE_WEBHOOK_SECRET", settings.mailerlite_webhook_secret),
        ("MAIL_PASSWORD", settings.mail_password),
    ]
    if not is_loopback(settings.stripe_api_base):
        found.append(("STRIPE_SECRET_KEY", settings.stripe_secret_key))
        found += [("STRIPE_WEBHOOK_SECRET", each) for each in settings.stripe_webhook_secrets]
    for name, value in found:
        if value and not (
            name.startswith("MAILERLITE") and is_loopback(settings.mailerlite_api_base)
        ):
            yield name, value


def _is_poor(secret: str) -> bool:
    lower = secret.lower()
    told = any(word in lower for word in EXAMPLES) or "…" in secret or "..." in secret
    return told or (len(secret) >= 32 and len(set(lower)) < FEWEST_LETTERS)


def _webhook_secret(visit: Visit) -> Said:
    if visit.settings.stripe_webhook_secrets:
        return well("There is one to verify Stripe's events with.")
    return broken(
        "STRIPE_WEBHOOK_SECRET is not set: every event is refused.",
        "Run flask billing register-webhook, put the secret it prints into .env, and restart.",
    )


def _stripe_mode(visit: Visit) -> Said:
    settings = visit.settings
    here = is_loopback(settings.site_url)
    if settings.livemode and here:
        return look(
            "STRIPE_SECRET_KEY is a live key, and SITE_URL is on this machine.",
            "To try things use a test key; on the server set SITE_URL to the address people use.",
        )
    if settings.stripe_api_base != STRIPE_API:
        return well(f"Payments go to {settings.stripe_api_base}, and no money moves.")
    if not settings.livemode and not here:
        return look(
            "STRIPE_SECRET_KEY is a test key, and the site is public: whoever knows Stripe's test "
            "cards reads for nothing.",
            "When you are ready set the live key: docs/stripe.md says what to run then.",
        )
    return well("Live: real money." if settings.livemode else "Test mode: no money moves.")


def _proxies(visit: Visit) -> Said:
    settings = visit.settings
    if settings.https and not settings.trusted_proxies:
        return look(
            "SITE_URL is https, so something stands in front of the site; TRUSTED_PROXIES is 0.",
            "Set TRUSTED_PROXIES to how many proxies of yours a request passes, most often 1.",
        )
    return well(f"TRUSTED_PROXIES is {settings.trusted_proxies}.")


def _contact(visit: Visit) -> Said:
    settings = visit.settings
    if settings.contact_email:
        return well(f"People write to {settings.contact_email}.")
    if is_loopback(settings.site_url):
        return well("Nobody but you reads this site.")
    return look(
        "CONTACT_EMAIL is not set.",
        "Set it to an address that you read. It stands below every page, and answers to our mail "
        "go there.",
    )


CHECKS = (
    Check("secrets", "Whoever guesses one can sign in as anybody, or tell us lies.", _secrets),
    Check("webhook-secret", "Without it no renewal and no refund is heard of.", _webhook_secret),
    Check("stripe-mode", "It decides whether you are really paid.", _stripe_mode),
    Check("proxies", "Everybody seems to come from one place, and shares its limits.", _proxies),
    Check("contact", "Pages and mails tell people to write to you, and they cannot.", _contact),
)
