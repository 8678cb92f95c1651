"""What we need at MailerLite: groups, fields, and a webhook that tells us everything."""

from membership.config import Config
from membership.newsletter.mailerlite import Webhook
from membership.newsletter.mailing_list import events
from membership.newsletter.mailing_list.fields import FIELDS


def groups(settings: Config) -> tuple[str, ...]:
    """Names or ids."""
    return (
        settings.mailerlite_code_group,
        settings.mailerlite_free_group,
        settings.mailerlite_paid_group,
        settings.mailerlite_lapsed_group,
    )


def fields(settings: Config) -> dict[str, str]:
    """The type of each field by its key; the code's first."""
    return {settings.mailerlite_code_field: "text", **FIELDS}


def webhook_url(settings: Config) -> str:
    return f"{settings.site_url}/webhooks/mailerlite"


def fault_of(webhook: Webhook) -> str | None:
    """Of one that is ours, in words that follow its name."""
    if webhook.blocked:
        return "is blocked, because MailerLite could not reach it too often"
    if not webhook.enabled:
        return "is switched off"
    if missing := sorted(set(events.EVENTS) - webhook.events):
        return f"does not tell us everything: {', '.join(missing)} is missing"
    return None
