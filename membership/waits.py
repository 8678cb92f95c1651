"""A door that opens again in a while."""


class TooSoon(Exception):
    """Answered with 429: `seconds` is the wait, `message` why, `back` a path to return to."""

    def __init__(self, seconds: int, message: str, *, back: str | None = None) -> None:
        self.seconds = seconds
        self.message = message
        self.back = back
        super().__init__(message)
