"""The sandbox's time. Everything that is billed, dated or expires asks here."""

import time


class Clock:
    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        """Unix seconds."""
        return int(time.time()) + self._ahead

    def advance(self, seconds: int) -> None:
        """Move on what everybody reads. It bills nobody by itself."""
        if seconds < 0:
            raise ValueError("time does not go back: what has happened has happened")
        self._ahead += seconds
