"""The list at MailerLite: what `flask newsletter check` looks at, shown among the rest."""

from membership.doctor.findings import Check, Said, broken, look, skipped, well
from membership.doctor.visit import Visit
from membership.newsletter.mailing_list import check
from membership.newsletter.mailing_list.verdicts import State, Verdict

OUR_ROWS = ("database", "migrations")


def _shown(asked: check.Check) -> Check:
    def ask(visit: Visit) -> Said:
        alone = visit.settings.code_delivery == "mailerlite"
        return _said(asked, asked.ask(visit.list), alone=alone)

    needs = (*asked.needs, *OUR_ROWS) if asked.rows else asked.needs
    return Check(asked.name, asked.why, ask, needs)


def _said(asked: check.Check, verdict: Verdict, *, alone: bool) -> Said:
    """Codes go by SMTP meanwhile, unless that is not allowed."""
    if verdict.state is State.WELL:
        return well(verdict.what)
    if verdict.state is State.LEFT_OUT:
        return skipped(verdict.what)
    if asked.codes and alone:
        return broken(verdict.what, verdict.do)
    return look(verdict.what, verdict.do)


CHECKS = tuple(_shown(each) for each in check.CHECKS)
