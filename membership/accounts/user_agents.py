"""Which device a session is on, in words, as far as its browser tells: a pure rule.

Browsers name each other, so the order matters: Edge says that it is Chrome, Chrome that it is
Safari. What is not known here is not guessed.
"""

_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_DEVICES = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "a Chromebook"),
    ("Macintosh", "a Mac"),
    ("Linux", "Linux"),
)


def in_words(user_agent: str) -> str:
    """ "Firefox on Windows"; as much of it as is known, and "An unknown browser" for nothing."""
    browser = _first(_BROWSERS, user_agent)
    device = _first(_DEVICES, user_agent)
    if browser and device:
        return f"{browser} on {device}"
    if device:
        return f"A browser on {device}"
    return browser or "An unknown browser"


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((words for sign, words in known if sign in user_agent), None)
