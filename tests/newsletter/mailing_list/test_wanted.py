"""From what is wanted and what is there to the calls that bring the one to the other: a table."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from membership.newsletter.mailerlite import BatchCall
from membership.newsletter.mailing_list.comparing import difference
from membership.newsletter.mailing_list.held import Held, Places
from membership.newsletter.mailing_list.wanted import Known, Reader, Wish, next_call
from membership.newsletter.models import Standing

PLACES = Places(
    groups={Standing.FREE: "1", Standing.PAID: "2", Standing.LAPSED: "3"},
    code_group="9",
    code_field="verification_code",
)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAYS = Reader(
    "ada@example.com",
    Wish.LETTERS,
    Standing.PAID,
    plan="supporter",
    renews_on=date(2026, 12, 21),
    known_as="77",
    status="active",
)
THERE = Held(
    "77",
    "ada@example.com",
    "active",
    frozenset({"2"}),
    {"plan": "supporter", "renews_on": "2026-12-21"},
    has_code=False,
)
NEW = replace(PAYS, known_as=None, status=None)
STOPPED = replace(PAYS, wish=Wish.STOPPED)
PUT_ON = {"groups": ["2"], "fields": {"plan": "supporter", "renews_on": "2026-12-21"}}


def called(
    reader: Reader, held: Held | None, *, read: bool = True, stuck: bool = False
) -> tuple[str, str, Mapping[str, Any] | None] | None:
    call = next_call(reader, Known(read, held, stuck), PLACES)
    return (call.method, call.path, call.body) if call else None


@pytest.mark.parametrize(
    ("reader", "held", "call"),
    [
        pytest.param(PAYS, THERE, None, id="all is well"),
        pytest.param(
            NEW,
            None,
            ("POST", "subscribers", {"email": "ada@example.com", **PUT_ON}),
            id="who is not there is put on, into the one group",
        ),
        pytest.param(
            PAYS,
            replace(THERE, groups=frozenset({"1"})),
            ("POST", "subscribers/77/groups/2", None),
            id="free before: into the paid group first",
        ),
        pytest.param(
            PAYS,
            replace(THERE, groups=frozenset({"1", "2", "3"})),
            ("DELETE", "subscribers/77/groups/1", None),
            id="then out of the others, one after the other",
        ),
        pytest.param(
            PAYS,
            replace(THERE, fields={"plan": "supporter", "renews_on": "2026-11-21"}),
            ("PUT", "subscribers/77", {"fields": {"renews_on": "2026-12-21"}}),
            id="it was renewed: the date alone",
        ),
        pytest.param(
            replace(PAYS, plan=None, renews_on=None, standing=Standing.LAPSED),
            replace(THERE, groups=frozenset({"3"})),
            ("PUT", "subscribers/77", {"fields": {"plan": None, "renews_on": None}}),
            id="lapsed: plan and date are emptied",
        ),
        pytest.param(
            PAYS, replace(THERE, fields={}), None, id="fields that do not exist are done without"
        ),
        pytest.param(
            PAYS,
            replace(THERE, has_code=True, groups=frozenset({"2", "9"})),
            ("PUT", "subscribers/77", {"fields": {"verification_code": None}}),
            id="a code that is over does not stay there",
        ),
        pytest.param(
            replace(PAYS, code_lives_until=NOON),
            replace(THERE, has_code=True, groups=frozenset({"2", "9"})),
            None,
            id="one that lives is left until it is over: the mail may not have been made yet",
        ),
        pytest.param(
            PAYS,
            replace(THERE, status="unconfirmed", groups=frozenset()),
            ("POST", "subscribers/77/groups/2", None),
            id="waiting for MailerLite's own double opt-in: as everybody",
        ),
        pytest.param(
            PAYS, replace(THERE, status="unsubscribed"), None, id="who unsubscribed is left alone"
        ),
        pytest.param(
            PAYS,
            replace(THERE, status="junk", groups=frozenset({"1"})),
            None,
            id="who complained is left alone, the group as well",
        ),
        pytest.param(PAYS, replace(THERE, status="bounced"), None, id="what bounced is left alone"),
        pytest.param(
            replace(PAYS, resubscribe_at=NOON),
            replace(THERE, status="unsubscribed"),
            ("POST", "subscribers", {"email": "ada@example.com", **PUT_ON, "resubscribe": True}),
            id="ticked again: taken back",
        ),
        pytest.param(
            PAYS,
            replace(THERE, email="ada@home.example"),
            ("PUT", "subscribers/77", {"email": "ada@example.com"}),
            id="moved: taken along",
        ),
        pytest.param(
            PAYS,
            replace(THERE, email="ada@home.example", status="bounced"),
            ("DELETE", "subscribers/77", None),
            id="moved from an address that bounced: anew",
        ),
        pytest.param(
            STOPPED,
            THERE,
            ("PUT", "subscribers/77", {"status": "unsubscribed"}),
            id="stopped here: unsubscribed there, not deleted",
        ),
        pytest.param(STOPPED, None, None, id="stopped, and not there: nothing"),
        pytest.param(
            replace(PAYS, wish=Wish.ABSENT),
            THERE,
            ("DELETE", "subscribers/77", None),
            id="never proven: taken off",
        ),
        pytest.param(
            replace(PAYS, wish=Wish.ABSENT),
            replace(THERE, status="unsubscribed"),
            None,
            id="never proven, but unsubscribed: that is kept",
        ),
        pytest.param(
            replace(PAYS, wish=Wish.WAITING), THERE, None, id="a code under way: left in peace"
        ),
    ],
)
def test_the_next_call_when_it_was_read(
    reader: Reader, held: Held | None, call: tuple[str, str, object] | None
) -> None:
    assert called(reader, held) == call


def test_an_address_that_is_anothers_there_is_not_moved_to_but_taken_over() -> None:
    old = replace(THERE, email="ada@home.example")
    assert called(PAYS, old, stuck=True) == ("DELETE", "subscribers/77", None)
    gone = replace(old, status="unsubscribed")
    assert called(STOPPED, gone, stuck=True) is None


def test_who_is_known_there_is_read_before_anything_is_done() -> None:
    assert called(PAYS, None, read=False) == ("GET", "subscribers/77", None)
    stopped = replace(STOPPED, known_as=None)
    assert called(stopped, None, read=False) == ("GET", "subscribers/ada%40example.com", None)
    assert called(replace(PAYS, wish=Wish.ABSENT, known_as=None), None, read=False) is None


def test_no_call_ever_names_all_groups_of_somebody() -> None:
    """A PUT with groups would take away those that the owner made by hand."""
    for held in (THERE, replace(THERE, groups=frozenset({"1", "3"})), replace(THERE, fields={})):
        known = Known(read=True, held=held)
        while call := next_call(PAYS, known, PLACES):
            assert not (call.method == "PUT" and "groups" in (call.body or {}))
            known = Known(read=True, held=_after(call, known.held))


def _after(call: BatchCall, held: Held | None) -> Held:
    assert held
    if "/groups/" in call.path:
        group = call.path.rpartition("/")[2]
        return held.within(group) if call.method == "POST" else held.without(group)
    return replace(held, fields={**held.fields, **(call.body or {}).get("fields", {})})


@pytest.mark.parametrize(
    ("reader", "held", "because", "stops"),
    [
        pytest.param(PAYS, replace(THERE, status="junk"), "unsubscribed there", True),
        pytest.param(PAYS, replace(THERE, groups=frozenset()), "in the wrong group", False),
        pytest.param(STOPPED, THERE, "not unsubscribed there yet", False),
        pytest.param(
            replace(STOPPED, status="unsubscribed"), THERE, "subscribed there again", False
        ),
        pytest.param(
            replace(PAYS, wish=Wish.ABSENT), THERE, "on the list without having asked for it", False
        ),
        pytest.param(
            replace(PAYS, wish=Wish.ABSENT, status=None), THERE, "put on the list there", False
        ),
        pytest.param(
            PAYS, replace(THERE, email="old@example.com"), "at the address they had before", False
        ),
    ],
)
def test_a_difference_in_words(reader: Reader, held: Held, because: str, stops: bool) -> None:
    found = difference(reader, held, PLACES)
    assert found
    assert (found.because, found.stops) == (because, stops)


def test_who_ticked_the_box_after_unsubscribing_there_is_no_news() -> None:
    ticked = replace(PAYS, resubscribe_at=NOON)
    before = replace(THERE, status="unsubscribed", unsubscribed_at=NOON.replace(hour=11))
    after = replace(before, unsubscribed_at=NOON.replace(hour=13))
    assert difference(ticked, before, PLACES) == difference(ticked, before, PLACES)
    assert difference(ticked, before, PLACES).because == "to be taken back on the list"  # type: ignore[union-attr]
    assert difference(ticked, after, PLACES).because == "unsubscribed there"  # type: ignore[union-attr]
