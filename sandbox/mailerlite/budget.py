"""How many calls there may be in a minute, and how many imports."""

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock

MINUTE = 60.0


@dataclass
class Budget:
    """`limit` calls within any minute."""

    limit: int = 120
    _calls: deque[float] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def spend(self) -> tuple[int, int]:
        """Calls that remain after this one, and seconds to wait when this one was too many."""
        now = time.monotonic()
        with self._lock:
            while self._calls and self._calls[0] <= now - MINUTE:
                self._calls.popleft()
            if len(self._calls) >= self.limit:
                first = self._calls[0] if self._calls else now
                return 0, int(first + MINUTE - now) + 1
            self._calls.append(now)
            return self.limit - len(self._calls), 0
