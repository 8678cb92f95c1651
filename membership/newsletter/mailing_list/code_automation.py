"""What can be wrong with the automation that mails the code. Pure: it is as MailerLite tells it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from membership.newsletter.mailerlite import Automation, Step


@dataclass(frozen=True)
class Fault:
    """`do` is what to click; `anchor` where docs/mailerlite.md shows it."""

    what: str
    do: str
    anchor: str


def faults(found: Sequence[Automation], *, group: str, field: str) -> list[Fault]:
    """Of those that begin when somebody joins the group: what keeps a code from its reader, the
    worst first. Empty when codes are mailed."""
    if not found:
        what = f"No automation begins when somebody joins the group {group}: no code is mailed."
        do = (
            "Make it: Automations, Create workflow. Only you can, MailerLite lets no program do it."
        )
        return [Fault(what, do, "3-the-automation-by-hand")]
    on = [each for each in found if each.enabled]
    each = (on or list(found))[0]
    several = [_several(on, group)] if len(on) > 1 else []
    own = [*_itself(each), *_steps(each.steps, field)]
    return [*_by_name(each.name, own), *several]


def _several(on: Sequence[Automation], group: str) -> Fault:
    names = " and ".join(f"“{each.name}”" for each in on)
    return Fault(
        f"Several automations begin when somebody joins the group {group}: {names}. "
        "Each of them mails the same person.",
        "Switch off all but one.",
        "one-automation-only",
    )


def _by_name(name: str, own: list[Fault]) -> list[Fault]:
    """The first of them says what it is about."""
    if not own:
        return []
    return [replace(own[0], what=f"The automation “{name}”. {own[0].what}"), *own[1:]]


def _itself(automation: Automation) -> list[Fault]:
    found = []
    if automation.broken or not automation.complete:
        state = "broken" if automation.broken else "not complete"
        found.append(
            Fault(
                f"It is {state}: something in it is missing or gone.",
                "Open it in MailerLite; what is marked red there has to be filled in.",
                "3-the-automation-by-hand",
            )
        )
    if not automation.enabled:
        found.append(Fault("It is switched off.", "Switch it on.", "switch-it-on"))
    if not automation.repeatable:
        found.append(
            Fault(
                "It mails each person one code, and never another.",
                "Open its trigger and tick the box “Repeat workflow for subscribers who rejoin the "
                "same group”.",
                "the-trigger",
            )
        )
    return found


def _steps(steps: Sequence[Step] | None, field: str) -> list[Fault]:
    if steps is None:
        return []
    places = [n for n, step in enumerate(steps) if step.type == "email"]
    if not places:
        what = "It has no email in it."
        return [Fault(what, "Add an email as its first and only step.", "the-email")]
    found, email = [], steps[places[0]]
    if places[0] > 0:
        before = ", ".join(step.type for step in steps[: places[0]])
        found.append(
            Fault(
                f"It does something else before it mails ({before}), and the code comes late or "
                "not at all.",
                "Take out every step before the email.",
                "the-email",
            )
        )
    if email.broken or not email.complete:
        what = "Its email is not finished."
        do = "Open it: it needs a subject, a sender and a text."
        found.append(Fault(what, do, "the-email"))
    if email.subject is not None and f"{{${field}}}" not in email.subject:
        what = f"The subject of its email does not hold the code: “{email.subject}”."
        found.append(Fault(what, f"Write {{${field}}} into the subject.", "the-email"))
    if email.sendable is False:
        found.append(
            Fault(
                "MailerLite does not count its email as ready to be sent.",
                "Usually the account is not approved yet, or the sender's domain is not "
                "authenticated. If a code does come from MailerLite, leave it as it is.",
                "the-sender",
            )
        )
    return found
