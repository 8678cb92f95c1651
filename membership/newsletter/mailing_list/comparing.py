"""What a subscriber there has else than they should, in words. Pure."""

from dataclasses import dataclass

from membership.newsletter.mailerlite import BatchCall
from membership.newsletter.mailing_list import news
from membership.newsletter.mailing_list.held import Held, Places
from membership.newsletter.mailing_list.news import News
from membership.newsletter.mailing_list.wanted import Known, Reader, next_call


@dataclass(frozen=True)
class Difference:
    """`stops`: to believe it ends somebody's letters."""

    because: str
    stops: bool


def difference(reader: Reader, held: Held, places: Places) -> Difference | None:
    """Between what was just read and what should be there; None when there is none."""
    found = news.of(reader, held)
    if found:
        return Difference(found.value, stops=found in (News.STOPPED, News.DELETED))
    call = next_call(reader, Known(read=True, held=held), places)
    return Difference(_in_words(call), stops=False) if call else None


def _in_words(call: BatchCall) -> str:
    body = call.body or {}
    if "/groups/" in call.path:
        return "in the wrong group"
    if call.method == "DELETE":
        return "on the list without having asked for it"
    if "email" in body and call.method == "PUT":
        return "at the address they had before"
    if "status" in body:
        return "not unsubscribed there yet"
    if "fields" in body and call.method == "PUT":
        return "with other fields"
    return "to be taken back on the list"
