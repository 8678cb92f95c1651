"""Carry to MailerLite what is wanted of many readers at once: a call of each goes into one batch.

Each is a conversation of its own: one that is refused, or fails, holds up no other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from membership.newsletter.mailerlite import (
    BatchCall,
    BatchReply,
    ListedSubscriber,
    MailerLite,
    MailerLiteError,
    NotThere,
    NotUnderstood,
    Rejected,
)
from membership.newsletter.mailing_list import news
from membership.newsletter.mailing_list.held import Held, Places
from membership.newsletter.mailing_list.news import News
from membership.newsletter.mailing_list.wanted import Known, Reader, Wish, next_call

FEW = 10  # calls
LONGEST = 12  # calls for one reader; what is right takes five at most


@dataclass
class Talk:
    """What is said about one reader. Afterwards `known` is what is there, `news` what we learned,
    `error` why it could not be brought to its end, `taken_off` whether we took them off."""

    reader: Reader
    known: Known
    places: Places
    news: list[News] = field(default_factory=list)
    error: MailerLiteError | None = None
    taken_off: bool = False
    began: Reader = field(init=False)
    _made: list[BatchCall] = field(default_factory=list)
    _refusal: Rejected | None = None

    def __post_init__(self) -> None:
        self.began = self.reader

    def next(self) -> BatchCall | None:
        """None at its end."""
        if self.error:
            return None
        call = next_call(self.reader, self.known, self.places)
        if call is None:
            return None
        again = call in self._made and call.method != "GET"
        if again or len(self._made) == LONGEST:  # it does not take it, whatever it answers
            self.error = self._refusal
            return None
        self._made.append(call)
        return call

    def hear(self, call: BatchCall, reply: BatchReply) -> None:
        error = reply.error
        if isinstance(error, Rejected):
            self._refused(call, error)
        elif error:
            self.error = error
        elif "/groups/" in call.path:
            self._in_or_out(call)
        elif call.method == "DELETE":
            self.known, self.taken_off = Known(read=True), True
        else:
            try:
                self._read(reply.subscriber())
            except NotUnderstood as unknown:
                self.error = unknown

    def _read(self, listed: ListedSubscriber | None) -> None:
        held = Held.of(listed, self.places, before=self.known.held) if listed else None
        self.known = Known(read=True, held=held)
        found = news.of(self.reader, held)
        if found:
            self.news.append(found)
            on = found in (News.CAME_BACK, News.ADDED)
            self.reader = replace(
                self.reader,
                wish=Wish.LETTERS if on else Wish.STOPPED,
                resubscribe_at=None,
            )

    def _look_by_address(self) -> None:
        """Who is not there by the id may have been put there anew, under another one."""
        if self.reader.known_as in (None, self.reader.email):
            self._read(None)
        else:
            self.reader = replace(self.reader, known_as=self.reader.email)

    def _in_or_out(self, call: BatchCall) -> None:
        held, group = self.known.held, call.path.rpartition("/")[2]
        if held:
            now = held.within(group) if call.method == "POST" else held.without(group)
            self.known = replace(self.known, held=now)

    def _refused(self, call: BatchCall, error: Rejected) -> None:
        gone = isinstance(error, NotThere) and error.subscriber
        missing = error.status == HTTPStatus.NOT_FOUND  # or the group, or who knows what
        if call.method == "GET" and gone:
            self._look_by_address()
        elif call.method == "GET":
            self.error = error
        elif call.method == "DELETE" and gone and "/groups/" not in call.path:
            self.known = Known(read=True)
        elif call.body and "email" in call.body and call.method == "PUT" and not missing:
            self.known = replace(self.known, stuck=True)
        elif missing or error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            self._refusal = error  # something is not as we thought: look
            known_as = self.known.held.id if self.known.held else self.reader.email
            self.known, self.reader = Known(), replace(self.reader, known_as=known_as)
        else:
            self.error = error


def carry(talks: Sequence[Talk], client: MailerLite) -> None:
    """All of them to their ends, no more than a batch holds. Raises Unavailable or NotUnderstood
    for an answer that is no answer to any of them: what was said until then is in them."""
    while asked := [(talk, call) for talk in talks if (call := talk.next()) is not None]:
        calls = [call for _, call in asked]
        for (talk, call), reply in zip(asked, _said(client, calls), strict=False):
            talk.hear(call, reply)


def _said(client: MailerLite, calls: Sequence[BatchCall]) -> Iterable[BatchReply]:
    """A batch of nothing but new subscribers is an import there, of which one is allowed in twelve
    seconds: a few are sooner said one by one."""
    if len(calls) <= FEW and all(call.imports for call in calls):
        return map(client.alone, calls)
    return client.batch(calls)
