"""The owner's own pages: has the owner written them?"""

from membership.config import is_loopback
from membership.doctor.findings import Check, Said, look, well
from membership.doctor.visit import Visit
from membership.pages import texts


def _texts(visit: Visit) -> Said:
    unwritten = {text.slug: len(text.gaps) for text in texts.listed() if text.gaps}
    if not unwritten:
        return well("Every page of your own is written.")
    if is_loopback(visit.settings.site_url):
        return well("Some of your own pages still have gaps, and nobody but you reads them.")
    where = ", ".join(f"{slug}.md ({count})" for slug, count in unwritten.items())
    return look(
        f"Pages that the public reads have gaps that only you can fill: {where}.",
        "Write what stands in [[double brackets]] in content/pages, and restart.",
    )


CHECKS = (Check("texts", "The law, and your readers, want to know whom they deal with.", _texts),)
