"""Search: is there a file it can look into?"""

from pathlib import Path

from membership import clock
from membership.doctor.findings import Check, Said, look, well
from membership.doctor.visit import Visit
from membership.library.posts import library
from membership.library.shelves import finding

LOOKED_UP = 3  # posts


def _search(visit: Visit) -> Said:
    index = library().index
    if index:
        return _works(index)
    return look(
        f"Search is away: its file cannot be made in {visit.settings.cache_dir}.",
        "The log says why when the site starts. The folder must be writable (CACHE_DIR), and "
        "Python's SQLite must have FTS5.",
    )


def _works(index: Path) -> Said:
    """By looking up a few titles: each asks the index of every level."""
    every = dict.fromkeys(library().shelf().levels, True)
    try:
        for post in library().posts()[:LOOKED_UP]:
            finding.find(index, post.title, levels=every, today=clock.now().date(), limit=1)
    except finding.SearchAway as error:
        return look(
            f"Search is away: its file cannot be read ({error}).",
            f"Remove {index} and start the site again: it is made anew.",
        )
    return well("Search can be used.")


CHECKS = (Check("search", "Without it readers find posts by month and subject alone.", _search),)
