"""Stretches of words by which a locked text is known again, however it was marked up. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote_plus

LENGTH = 6  # words
MOST = 200_000  # of all texts together, so that thousands of posts fit into memory
_TAG = re.compile(r"<[^<>]*>")
_SHOWN = re.compile(r"""\b(?:alt|title|aria-label)=["']([^"']*)["']""")
_JSON = re.compile(r"\\u([0-9a-fA-F]{4})")
_QUOTED = re.compile(r"""[^\s"'<>]*(?:%20|\+)[^\s"'<>]*""")  # as addresses carry words
_WORD = re.compile(r"\w+")

Words = tuple[str, ...]


@dataclass(frozen=True)
class Stretches:
    """For each text its stretches, and none that any other text has as well."""

    of: Sequence[frozenset[Words]]
    lengths: frozenset[int]


def known_by(texts: Sequence[str], open_to_all: Iterable[str]) -> Stretches:
    """`texts` are locked; a stretch that is in `open_to_all` too gives nothing away."""
    pieces = [[words for words in _pieces(text) if words] for text in texts]
    free = [words for text in open_to_all for words in _pieces(text)]
    runs = [{run for words in piece for run in _runs(words)} for piece in pieces]
    lengths = frozenset(len(run) for each in runs for run in each)
    common = {run for words in free for n in lengths for run in _windows(words, n)}
    times = Counter(run for each in runs for run in each)
    step = max(1, sum(map(len, runs)) // MOST)
    of = []
    for piece in pieces:
        # In the order of the text, so that what is left out is left out evenly.
        own = list(dict.fromkeys(run for words in piece for run in _runs(words)))
        own = [run for run in own if times[run] == 1 and run not in common]
        of.append(frozenset(own[::step]))
    return Stretches(of, lengths)


def said_in(answer: str, lengths: Iterable[int]) -> set[Words]:
    """Every stretch of these lengths in an answer: HTML, a feed, JSON, plain words, or an address
    that carries them."""
    plain = _JSON.sub(lambda code: chr(int(code[1], 16)), answer).replace("\\n", " ")
    once = unescape(plain)
    twice = unescape(once)
    readings = {plain, once, twice, *(_TAG.sub(" ", text) for text in (plain, once, twice))}
    readings.add(" ".join(unquote_plus(found) for found in _QUOTED.findall(once)))
    return {
        run
        for text in readings
        for words in [_words(unescape(text))]
        for n in lengths
        for run in _windows(words, n)
    }


def _pieces(text: str) -> Iterator[Words]:
    """What is read one after the other, and each that is said of a picture."""
    yield _words(unescape(_TAG.sub(" ", text)))
    for said in _SHOWN.findall(text):
        yield _words(unescape(said))


def _runs(words: Words) -> Iterator[Words]:
    return _windows(words, min(LENGTH, len(words)))


def _windows(words: Words, length: int) -> Iterator[Words]:
    return (words[i : i + length] for i in range(len(words) - length + 1))


def _words(text: str) -> Words:
    return tuple(_WORD.findall(text.casefold()))
