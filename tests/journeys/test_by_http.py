"""The story against gunicorn, worker and sandbox as processes of their own, over HTTP."""

import pytest

from tests.support.site import Site, soon
from tests.support.story import Reader
from tests.support.windows import address

WHERE = [
    pytest.param(where, marks=pytest.mark.xdist_group(where)) for where in ("site", "big_site")
]


@pytest.mark.parametrize("where", WHERE)
def test_from_an_address_to_an_open_page(where: str, request: pytest.FixtureRequest) -> None:
    """On SQLite with its queue in a file; on PostgreSQL with Redis for the queue and the limits."""
    site: Site = request.getfixturevalue(where)
    with Reader(site, "ada@example.com") as ada:
        assert ada.status_of("/premium") == 302
        ada.joins()
        assert ada.status_of("/premium") == 402
        ada.pays(ada.chooses())  # and never returns: the webhook alone opens the door
        soon(lambda: ada.status_of("/premium") == 200)
        soon(lambda: ada.status_of("/readyz") == 200)


def test_a_worker_killed_between_storing_and_processing_loses_nothing(site: Site) -> None:
    with Reader(site, address("ada")) as ada:
        ada.joins()
        stripes_page = ada.chooses()
        site.kill("worker")
        try:
            ada.pays(stripes_page)  # the webhook is answered although nobody works
            assert ada.status_of("/premium") == 402
        finally:
            site.start_worker()
        soon(lambda: ada.status_of("/premium") == 200)
