"""Make in MailerLite what we need there. What only the dashboard can make is said in words."""

from collections.abc import Iterator

from membership import config
from membership.config import Config, is_loopback
from membership.newsletter import mailerlite
from membership.newsletter.mailing_list import events as list_events


def run() -> Iterator[str]:
    """Make what is missing; a sentence for each thing. Raises MailerLiteError."""
    settings = config.current()
    client = mailerlite.client()
    yield from _field(client, settings.mailerlite_code_field)
    yield from _groups(client, settings)
    yield from _webhook(client, settings)
    yield (
        "By hand, once: an automation that mails the code when somebody joins the group "
        f"{settings.mailerlite_code_group!r}. docs/mailerlite.md shows each click."
    )


def _field(client: mailerlite.MailerLite, key: str) -> Iterator[str]:
    if key in {field.key for field in client.fields()}:
        yield f"Field {key}: there already."
        return
    made = client.create_field(key).key
    yield f"Field {made}: made."
    if made != key:
        yield f"MailerLite chose another key: set MAILERLITE_CODE_FIELD={made} in .env."


def _groups(client: mailerlite.MailerLite, settings: Config) -> Iterator[str]:
    existing = client.groups()
    names = {group.name for group in existing} | {group.id for group in existing}
    for wanted in (
        settings.mailerlite_code_group,
        settings.mailerlite_free_group,
        settings.mailerlite_paid_group,
        settings.mailerlite_lapsed_group,
    ):
        if wanted in names:
            yield f"Group {wanted}: there already."
        else:
            client.create_group(wanted)
            yield f"Group {wanted}: made."


def _webhook(client: mailerlite.MailerLite, settings: Config) -> Iterator[str]:
    if is_loopback(settings.site_url):
        yield "Webhook: left out, because SITE_URL is on this machine and cannot be reached."
        return
    url = f"{settings.site_url}/webhooks/mailerlite"
    if any(webhook.url == url for webhook in client.webhooks()):
        yield f"Webhook {url}: there already."
        return
    made = client.create_webhook(settings.site_name, url, list_events.EVENTS)
    yield f"Webhook {url}: made. Put this in .env: MAILERLITE_WEBHOOK_SECRET={made.secret}"
