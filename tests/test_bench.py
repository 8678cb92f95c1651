"""What `make bench` measures is what it says: pages that open, webhooks that are taken."""

from pathlib import Path

from bench import site
from bench.load import Ask
from membership.commands import create_app
from tests.support import databases


def test_its_members_are_let_in_and_its_webhooks_are_signed(tmp_path: Path) -> None:
    environ = site.environ(tmp_path)
    cookies = site.prepare(environ, members=3, signed_in=range(1, 4))
    app = create_app(environ)
    client = app.test_client(use_cookies=False)

    def status(ask: Ask) -> int:
        answer = client.open(ask.path, method=ask.method, data=ask.body, headers=ask.headers)
        return answer.status_code

    assert len(cookies) == 3
    assert status(next(site.premium_page(cookies))) == 200
    assert status(next(site.webhooks("/webhooks/stripe"))) == 200
    databases.close(app)
