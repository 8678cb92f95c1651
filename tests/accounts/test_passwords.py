"""Which passwords will do."""

import pytest

from membership.accounts import passwords


def problem(password: str, about: tuple[str, ...] = ("ada@example.com", "Latchkey")) -> str | None:
    return passwords.problem(password, at_least=12, about=about)


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "пароль из многих слов", "🐎🔋📎✨🌊🍋 a few of them", "x7#Kq!m2vB9z",
     "correct horse " * 70],
)  # fmt: skip
def test_long_ones_of_any_characters_will_do(password: str) -> None:
    assert problem(password) is None


@pytest.mark.parametrize(
    ("password", "because"),
    [
        ("short", "at least 12"),
        ("a" * 1001, "at most 1000"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("passwordpassword", "guess"),
        ("qwertyuiop123", "guess"),
        ("123456789012", "guess"),
        ("letmeinletmein", "guess"),
        ("ada@example.com", "too close"),
        ("latchkeylatchkey", "too close"),
        ("Latchkey12345", "guess"),
    ],
)
def test_short_common_and_personal_ones_are_refused_with_the_reason(
    password: str, because: str
) -> None:
    said = problem(password)
    assert said is not None
    assert because in said


def test_the_longest_allowed_is_quick_to_judge_and_allowed() -> None:
    assert problem("correct horse battery staple "[:25] * 40) is None
