"""The list at MailerLite: key, field, groups, webhook."""

from membership.config import is_loopback
from membership.doctor.findings import Check, Said, broken, look, skipped, well
from membership.doctor.on_payments import refused_lately
from membership.doctor.visit import Visit
from membership.newsletter import mailerlite
from membership.newsletter.mailing_list import events as list_events

SET_UP = "Run flask newsletter setup."


def _key(visit: Visit) -> Said:
    try:
        count = len(visit.groups)
    except mailerlite.NotSetUp:
        return skipped("MAILERLITE_API_KEY is not set: there is no list, and codes go by SMTP.")
    except mailerlite.Unavailable as error:
        return _trouble(
            visit,
            f"MailerLite does not answer: {error}",
            "Nothing is lost: what is for the list waits until it answers again.",
        )
    except mailerlite.Rejected as error:
        return _trouble(
            visit,
            f"MailerLite refuses the key: {error}",
            "Make a key in MailerLite (Integrations, API) and put it into MAILERLITE_API_KEY. "
            "A key dies with the user who made it.",
        )
    return well(f"The key works; the account has {count} groups.")


def _field(visit: Visit) -> Said:
    key = visit.settings.mailerlite_code_field
    if key in {field.key for field in mailerlite.client().fields()}:
        return well(f"The field {key} is there.")
    return _trouble(visit, f"There is no field {key}: no code can be mailed from there.", SET_UP)


def _groups(visit: Visit) -> Said:
    settings = visit.settings
    there = {group.name for group in visit.groups} | {group.id for group in visit.groups}
    wanted = (
        settings.mailerlite_code_group,
        settings.mailerlite_free_group,
        settings.mailerlite_paid_group,
        settings.mailerlite_lapsed_group,
    )
    missing = [name for name in wanted if name not in there]
    if missing:
        return _trouble(visit, f"There is no group {' and no group '.join(missing)}.", SET_UP)
    return well("The four groups are there.")


def _automation(visit: Visit) -> Said:
    settings = visit.settings
    name = settings.mailerlite_code_group
    if settings.code_delivery == "smtp":
        return well("None is needed: CODE_DELIVERY is smtp.")
    found = mailerlite.client().automations(mailerlite.client().group_id(name))
    working = [each for each in found if each.enabled and each.complete and not each.broken]
    if not working:
        why = "is switched off or not complete" if found else "is not there"
        return _trouble(
            visit,
            f"The automation that mails the code to who joins the group {name} {why}.",
            "Make it, or switch it on, in MailerLite: docs/mailerlite.md shows each click.",
        )
    if not any(each.repeatable for each in working):
        return _trouble(
            visit,
            f"The automation {working[0].name} mails each person one code, and never another.",
            "In its trigger tick the box that lets it repeat.",
        )
    return well(f"{working[0].name} mails the codes.")


def _trouble(visit: Visit, what: str, do: str) -> Said:
    """Codes go by SMTP meanwhile, unless that is not allowed."""
    alone = visit.settings.code_delivery == "mailerlite"
    return broken(what, do) if alone else look(what, do)


def _webhook(visit: Visit) -> Said:
    settings = visit.settings
    if is_loopback(settings.site_url):
        return skipped("SITE_URL is on this machine, where MailerLite cannot reach it.")
    url = f"{settings.site_url}/webhooks/mailerlite"
    ours = [each for each in mailerlite.client().webhooks() if each.url == url]
    if not ours:
        return look(f"MailerLite sends nothing to {url}.", SET_UP)
    if settings.mailerlite_webhook_secret not in {each.secret for each in ours}:
        return look(
            "MAILERLITE_WEBHOOK_SECRET is not the secret of our webhook: what it tells is refused.",
            "MailerLite shows the secret beside the webhook (Integrations). Restart afterwards.",
        )
    if refusal := refused_lately(visit, list_events.SOURCE):
        return look(
            f"The last call was refused, at {refusal.at:%Y-%m-%d %H:%M} UTC: {refusal.reason}.",
            "If the site was restarted since the secret was set, somebody only pretended.",
        )
    return well(f"MailerLite calls {url}.")


CHECKS = (
    Check("mailerlite", "Codes take the other way, and the list is not kept.", _key),
    Check("mailerlite-field", "The mail with the code reads it.", _field, ("mailerlite",)),
    Check(
        "mailerlite-groups",
        "Who reads and who pays is told apart by them.",
        _groups,
        ("mailerlite",),
    ),
    Check(
        "mailerlite-automation",
        "Without it codes come three minutes late, by SMTP.",
        _automation,
        ("mailerlite", "mailerlite-groups"),
    ),
    Check(
        "mailerlite-webhook",
        "Who unsubscribed there still seems subscribed here.",
        _webhook,
        ("mailerlite", "database", "migrations"),
    ),
)
