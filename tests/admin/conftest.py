"""The owner, at the desk."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.people import OLIVE, opens_account, signs_in


@pytest.fixture
def owner(app: Flask, browser: Callable[[], Browser]) -> Browser:
    """Olive, who runs the site, signed in."""
    opens_account(app, OLIVE)
    done = app.test_cli_runner().invoke(args=["owner", "add", OLIVE])
    assert done.exit_code == 0, done.output
    return signs_in(browser(), OLIVE)
