"""The whole story told to a running site over HTTP: no window, no shortcut."""

import re
from http import HTTPStatus
from types import TracebackType

from tests.support.browser import Elsewhere
from tests.support.mail import code_in
from tests.support.people import PASSWORD
from tests.support.site import Site, soon


class Reader:
    """A person with an address, a mailbox and a card, somewhere on the internet."""

    def __init__(self, site: Site, email: str) -> None:
        self.site = site
        self.email = email
        self.browser = Elsewhere()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.browser.session.close()

    def leaves_address(self) -> None:
        self._submits("/", action="/subscribe", email=self.email)

    def code(self) -> str:
        """The code in the newest mail; waits until one came."""
        soon(lambda: bool(self._subjects()))
        return code_in(self._subjects()[0])

    def joins(self) -> None:
        self.leaves_address()
        assert self._submits("/join", action="/join", code=self.code(), password=PASSWORD) == (
            "/plans"
        )

    def chooses(self, words: str = "€5.00") -> str:
        """Press the button with these words; the address of Stripe's page."""
        page = self.browser.get(f"{self.site.url}/plans").text
        before = page.split(words)[1]
        found = re.search(r'name="price" value="([^"]+)"', before)
        assert found, page
        return self._submits("/plans", action="/checkout", having={"price": found[1]})

    def pays(self, stripes_page: str) -> str:
        """On Stripe's page; where it leads back to."""
        answer = self.browser.submit(stripes_page)
        assert answer.status_code == HTTPStatus.SEE_OTHER, answer.text
        return answer.headers["Location"]

    def status_of(self, path: str) -> int:
        answer = self.browser.session.get(
            f"{self.site.url}{path}", allow_redirects=False, timeout=20
        )
        return answer.status_code

    def _subjects(self) -> list[str]:
        """Of the mails to this person, newest first."""
        page = self.browser.get(self.site.mailbox_url).text
        mine = re.findall(rf'data-to="{re.escape(self.email)}">\s*<h2>(.*?)</h2>', page)
        return list(mine)

    def _submits(
        self, path: str, *, action: str, having: dict[str, str] | None = None, **typed: str
    ) -> str:
        """Send the form; where its answer leads, as a path when it is on the site."""
        answer = self.browser.submit(
            f"{self.site.url}{path}", action=action, having=having, **typed
        )
        assert answer.status_code == HTTPStatus.SEE_OTHER, answer.text
        return answer.headers["Location"].removeprefix(self.site.url)
