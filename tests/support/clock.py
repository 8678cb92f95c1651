"""A clock that stands still until a test says that time passes."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Call it for the time: aware, in UTC, to the second. It begins at the real one, because the
    sandbox signs its webhooks with that."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, time: timedelta) -> None:
        self.now += time
