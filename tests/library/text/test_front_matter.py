"""What an author may write above a post, and what they are told when it is wrong."""

import dataclasses
import re
from datetime import date

import pytest

from membership.config import ROOT
from membership.library import writing
from membership.library.writing import FrontMatter, UnfitFile


def problems(source: str) -> list[str]:
    with pytest.raises(UnfitFile) as refused:
        writing.parse(source)
    return refused.value.problems


def test_every_field_is_read() -> None:
    fields, text = writing.parse(
        "---\ntitle: A  door\ndate: 2026-11-14\nupdated: 2026-11-20\n"
        "author: Ines\nsummary: On doors.\nimage: /images/door.png\nimage_alt: A door\n"
        "access: premium\ntags: [doors, sound]\ndraft: true\n---\n\nKnock."
    )
    assert fields == FrontMatter(
        title="A door",
        date=date(2026, 11, 14),
        updated=date(2026, 11, 20),
        author="Ines",
        summary="On doors.",
        image="/images/door.png",
        image_alt="A door",
        access="premium",
        tags=("doors", "sound"),
        draft=True,
    )
    assert text == "Knock."


def test_what_can_be_written_is_what_the_docs_say() -> None:
    told = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "writing.md").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(field.name for field in dataclasses.fields(FrontMatter))


def test_only_title_date_and_access_are_needed() -> None:
    fields, _ = writing.parse("---\ntitle: T\ndate: 2026-11-14 09:30:00\naccess: public\n---\n")
    assert fields.date == date(2026, 11, 14)
    assert (fields.author, fields.summary, fields.tags, fields.draft) == (None, None, (), False)


def test_everything_missing_is_said_at_once() -> None:
    assert problems("Just a text.") == [
        "title is missing",
        "date is missing",
        "access must be public, members or the name of a feature such as premium",
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("acces: premium", "acces"),
        ("title: 1984", "title"),
        ("title: ''", "title"),
        ("date: yesterday", "date"),
        ("author: [Ines]", "author"),
        ("summary: 3", "summary"),
        ("access: true", "access"),
        ("access: Premium Plus", "access"),
        ("tags: doors", "tags"),
        ("tags: [1, 2]", "tags"),
        ("tags: ['!?']", "tags"),
        ("updated: soon", "updated"),
        ("updated: 2026-11-13", "updated"),
        ("image: /images/door.png", "image"),
        ("image_alt: A door", "image_alt"),
        ("draft: maybe", "draft"),
    ],
)
def test_a_malformed_field_is_named(line: str, field: str) -> None:
    name = line.partition(":")[0]
    right = {"title": "title: T", "date": "date: 2026-11-14", "access": "access: public"}
    right.pop(name, None)
    source = "---\n" + "\n".join([*right.values(), line]) + "\n---\ntext"
    (problem,) = problems(source)
    assert problem.startswith(f"{field} ")


def test_broken_yaml_is_located() -> None:
    (problem,) = problems("---\ntitle: T\ndate: [2026\n---\ntext")
    assert "not YAML (line " in problem


@pytest.mark.parametrize(
    "line",
    [
        "date: 2026-02-30",
        "title: " + "9" * 5000,
        "author: !!float x",
        "author: !!python/name:os.system",
        "? [a]\n: b",
        "access: premium\naccess: public",  # of two, the last would be believed
    ],
)
def test_what_is_no_value_is_refused_in_a_sentence(line: str) -> None:
    (problem,) = problems(f"---\n{line}\n---\ntext")
    assert "not YAML" in problem


def test_a_text_in_another_notation_is_not_executed_as_front_matter() -> None:
    assert "title is missing" in problems('{"title": "T", "access": "public"}\n\ntext')
