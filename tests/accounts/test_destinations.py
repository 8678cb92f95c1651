"""`next` never leaves the site."""

import pytest

from membership.accounts.destinations import local


@pytest.mark.parametrize("target", ["/", "/posts/free?x=1#end", "/a//b"])
def test_a_path_on_this_site_is_followed(target: str) -> None:
    assert local(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "https://evil.test/",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "/\n/evil.test",
        " /posts",
        "/a\r\nSet-Cookie: a=b",
        "posts",
        "/login",
        "/login?next=/login",
    ],
)
def test_anything_else_is_not(target: str | None) -> None:
    assert local(target) is None
