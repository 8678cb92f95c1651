"""A visitor on a telephone, without scripts, looks for something to read and reads it."""

from playwright.sync_api import expect

from tests.support.chromium import PHONE, Windows
from tests.support.site import Site
from tests.support.windows import presses


def test_from_a_word_to_a_note_and_back_to_the_line(site: Site, windows: Windows) -> None:
    page = windows.open(width=PHONE, javascript=False)
    page.goto(f"{site.url}/posts")
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox", name="Search the posts").fill("schoolmaster")
    presses(page, "Search")
    expect(page.get_by_role("status")).to_have_text("1 post has schoolmaster")
    page.get_by_role("link", name="The numbers of Canal Row").click()

    note = page.get_by_role("link", name="Note 3", exact=True)
    note.click()
    expect(page.get_by_text("There is no 32 either.")).to_be_in_viewport()
    page.get_by_role("link", name="Back to where note 3 is").click()
    expect(note).to_be_in_viewport()
    expect(page.get_by_role("group", name="Table").get_by_role("row")).to_have_count(6)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE

    page.get_by_role("link", name="After this Four windows at dusk").click()
    pictures = page.get_by_role("article").get_by_role("img")
    expect(pictures).to_have_count(2)
    pictures.last.scroll_into_view_if_needed()
    expect(pictures.last).to_have_js_property("complete", True)
    assert [p.evaluate("p => p.naturalWidth > 0") for p in pictures.all()] == [True, True]
    page.get_by_role("link", name="windows", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Windows")
