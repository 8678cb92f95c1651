"""A session's device, in words."""

import pytest

from membership.accounts import user_agents

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36",
         "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/141.0 Safari/537.36 Edg/141.0",
         "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 15; K) {WEBKIT} SamsungBrowser/28.0 Chrome/130 Safari/537",
         "Samsung Internet on Android"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
         "Firefox on Android"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) {WEBKIT} CriOS/141 Safari/604",
         "Chrome on an iPhone"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/19.1 Safari/605.1.15",
         "Safari on a Mac"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 16000.0.0) {WEBKIT} Chrome/141.0 Safari/537.36",
         "Chrome on a Chromebook"),
        ("Mozilla/5.0 (X11; Linux x86_64) Something/1.0", "A browser on Linux"),
        ("curl/8.5.0", "An unknown browser"),
        ("<script>alert(1)</script>\n2026-11-21 INFO forged", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)  # fmt: skip
def test_what_is_known_is_said_and_nothing_else(user_agent: str, words: str) -> None:
    assert user_agents.in_words(user_agent) == words
