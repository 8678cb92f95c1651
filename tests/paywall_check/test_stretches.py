"""A text is known again by its words, however it is marked up; what is said elsewhere is not it."""

import json
from html import escape

import pytest

from membership.paywall_check.stretches import Words, known_by, said_in

BODY = "<p>Joan drives the <em>quietest</em> way: the houses with “small” children first.</p>"
FIRST = ("joan", "drives", "the", "quietest", "way", "the")


def stretches(body: str, *open_to_all: str) -> frozenset[Words]:
    return known_by([body], open_to_all).of[0]


@pytest.mark.parametrize(
    "answer",
    [
        BODY,
        "<h1>JOAN</h1><div><p>drives the\n\nquietest way: <b>the</b></p></div>",
        f"<content type='html'>{escape(BODY)}</content>",
        f"<content>{escape(escape(BODY))}</content>",
        json.dumps({"text": BODY}),
        json.dumps("Joan drives\nthe quietest\n way: the"),
        '<meta name="description" content="Joan drives the quietest way, the">',
        "Joan drives the quietest way – the houses",
    ],
)
def test_a_stretch_is_known_again(answer: str) -> None:
    assert FIRST in said_in(answer, {6}) & stretches(BODY)


def test_other_words_are_other_words() -> None:
    assert not said_in("<p>Joan drives the shortest way: the houses.</p>", {6}) & stretches(BODY)


def test_what_is_open_as_well_gives_nothing_away() -> None:
    left = stretches(BODY, "<p>They say Joan drives the quietest way: the houses.</p>")
    assert FIRST not in left
    assert ("the", "houses", "with", "small", "children", "first") in left


def test_what_two_locked_texts_share_is_neithers() -> None:
    shared = "<p>The usual words stand under every post here.</p>"
    of_one, of_other = known_by([BODY + shared, f"<p>Something else.</p>{shared}"], []).of
    assert FIRST in of_one
    assert not of_one & of_other


def test_a_short_text_is_known_by_all_of_it() -> None:
    known = known_by(["<p>heliotrope</p>"], [])
    assert known.of == [frozenset({("heliotrope",)})]
    assert ("heliotrope",) in said_in("<title>Heliotrope.</title>", known.lengths)


def test_what_is_said_of_a_picture_is_locked_with_it() -> None:
    body = '<p>Look.</p><img src="/images/a.png" alt="A map of where the key is hidden">'
    assert ("a", "map", "of", "where", "the", "key") in stretches(body)
