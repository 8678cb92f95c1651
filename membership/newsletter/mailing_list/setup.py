"""Make in MailerLite what we need there, and mend what is wrong. It may be run as often as wanted,
and again after it broke off: what is there is looked up before anything is made."""

from collections.abc import Iterator

from membership import config
from membership.config import Config, is_loopback
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import Field, MailerLite
from membership.newsletter.mailing_list import events, needed

BY_HAND = (
    "By hand, once: an automation that mails the code when somebody joins the group {group!r}. "
    "docs/mailerlite.md shows each click. Then run flask newsletter check."
)
STILL = "It still is: delete it in MailerLite (Integrations, Webhooks), and run this again."


def run() -> Iterator[str]:
    """A sentence for each thing. Raises MailerLiteError."""
    settings, client = config.current(), mailerlite.client()
    yield from _fields(client, settings)
    yield from _groups(client, settings)
    yield from _webhook(client, settings)
    if settings.code_delivery != "smtp":
        yield BY_HAND.format(group=settings.mailerlite_code_group)


def _fields(client: MailerLite, settings: Config) -> Iterator[str]:
    existing = client.fields()
    for key, kind in needed.fields(settings).items():
        field = _field(existing, key)
        if field is None:
            field = client.create_field(key, kind)
            yield f"Field {field.key}: made."
        else:
            yield f"Field {field.key}: there already."
        if field.key != key and key == settings.mailerlite_code_field:
            yield f"MailerLite has another key for it: MAILERLITE_CODE_FIELD={field.key} in .env."


def _field(existing: list[Field], key: str) -> Field | None:
    """By its key; or by its name, of which there can be only one."""
    return next((each for each in existing if each.key == key), None) or next(
        (each for each in existing if each.name.lower() == key.lower()), None
    )


def _groups(client: MailerLite, settings: Config) -> Iterator[str]:
    there = mailerlite.ids_by_name(client.groups())
    for wanted in needed.groups(settings):
        if wanted in there:
            yield f"Group {wanted}: there already."
        else:
            client.create_group(wanted)
            yield f"Group {wanted}: made."


def _webhook(client: MailerLite, settings: Config) -> Iterator[str]:
    if is_loopback(settings.site_url):
        yield "Webhook: left out, because SITE_URL is on this machine and cannot be reached."
        return
    url = needed.webhook_url(settings)
    ours = [webhook for webhook in client.webhooks() if webhook.url == url]
    secret = settings.mailerlite_webhook_secret
    webhook = next((each for each in ours if each.secret == secret), ours[0] if ours else None)
    if webhook is None:
        webhook = client.create_webhook(settings.site_name, url, events.EVENTS)
        yield f"Webhook {url}: made."
    elif wrong := needed.fault_of(webhook):
        webhook = client.update_webhook(webhook.id, events.EVENTS)
        still = needed.fault_of(webhook)
        yield f"Webhook {url}: it {wrong}. {STILL if still else 'Mended.'}"
    else:
        yield f"Webhook {url}: there already."
    for each in ours:
        if each.id != webhook.id:
            client.delete_webhook(each.id)
            yield f"Webhook {url}: there was another one for the same address. Deleted."
    if webhook.secret != secret:
        yield f"Put this in .env and restart: MAILERLITE_WEBHOOK_SECRET={webhook.secret}"
