"""What it means that something needs the owner."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import url_for


class Severity(StrEnum):
    """From the worst to the least. NOW: somebody pays and does not read, or nothing works; it is on
    every page an owner opens, and mailed. SOON is mailed. LATER is only listed."""

    NOW = "now"
    SOON = "soon"
    LATER = "later"


@dataclass(frozen=True)
class Need:
    """Something that needs the owner. `name` is stable: mails and docs go by it.

    `endpoint` is the page where it is seen to. `since` is None when nobody knows; `newest` is when
    the last thing of its kind came, for which the owner is told once more.
    """

    name: str
    severity: Severity
    title: str
    sentence: str
    endpoint: str = "admin.overview"
    since: datetime | None = None
    newest: datetime | None = None

    @property
    def url(self) -> str:
        return url_for(self.endpoint)


def rank(need: Need) -> int:
    """For sorting: the worst first."""
    return list(Severity).index(need.severity)
