"""Search: is there a file it can look into?"""

from membership.doctor.findings import Check, Said, look, well
from membership.doctor.visit import Visit
from membership.library.posts import library


def _search(visit: Visit) -> Said:
    if library().index:
        return well("Search can be used.")
    return look(
        f"Search is away: its file cannot be made in {visit.settings.cache_dir}.",
        "The log says why when the site starts. The folder must be writable (CACHE_DIR), and "
        "Python's SQLite must have FTS5.",
    )


CHECKS = (Check("search", "Without it readers find posts by month and subject alone.", _search),)
