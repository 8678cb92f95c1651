import pytest
from flask import Flask

from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.mail import Work
from tests.support.money_life import MoneyLife


@pytest.fixture
def life(
    app: Flask, sandbox: Sandbox, grace: Browser, elsewhere: Elsewhere, work: Work, listening: str
) -> MoneyLife:
    return MoneyLife(app, sandbox, grace, elsewhere, work)
