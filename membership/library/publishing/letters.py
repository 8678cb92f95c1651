"""A post as a mail: in the house's frame, with whole addresses and MailerLite's way out.

What is locked is in it only where the whole text was asked for.
"""

from flask import current_app
from markupsafe import Markup

from membership import config, links
from membership.library import paywall, writing
from membership.library.pages import metadata
from membership.library.post import Post
from membership.library.posts import library
from membership.newsletter.mailerlite import Letter

LONGEST = 255  # characters of a subject
# Mail programs know no stylesheet of ours: what would not look right by itself says how it does.
STYLES = {
    "<a ": '<a style="color:inherit;text-decoration:underline" ',
    "<img ": '<img style="max-width:100%;height:auto;border-radius:10px" ',
    "<h2>": '<h2 style="margin:28px 0 12px;font-size:21px;line-height:1.3">',
    "<h3>": '<h3 style="margin:24px 0 10px;font-size:18px;line-height:1.3">',
    "<blockquote>": '<blockquote style="margin:0 0 16px;padding:0 0 0 16px;'
    'border-left:3px solid #a3ada6">',
    "<pre ": '<pre style="overflow-x:auto;white-space:pre-wrap;font-size:14px" ',
    "<figcaption>": '<figcaption style="font-size:14px">',
}


def of(post: Post, *, whole: bool) -> Letter:
    """With everything, or with what stands open of it and a way to the rest."""
    settings = config.current()
    text = library().body(post) if whole else post.opening_html
    address = links.whole("library.post", slug=post.slug)
    # Not render_template: nobody asks for this page, and the work behind it has no request.
    html = current_app.jinja_env.get_template("library/email/post.html").render(
        post=post,
        whole=whole,
        text=_for_mail(writing.with_whole_addresses(text, address)),
        address=address,
        rest=address if whole else links.whole("library.post", slug=post.slug, _anchor=paywall.CUT),
        image=metadata.of_post(post).image,
        site_name=_still(settings.site_name),
        site_url=settings.site_url,
    )
    return Letter(
        subject=_still(post.title)[:LONGEST],
        html=html,
        sender=settings.mail_default_sender,
        sender_name=settings.site_name,
    )


def _for_mail(html: str) -> Markup:
    for plain, styled in STYLES.items():
        html = html.replace(plain, styled)
    return Markup(html.replace("{$", "&#123;$"))  # noqa: S704 (sanitised)


def _still(text: str) -> str:
    """Nothing an author writes is a variable of MailerLite's."""
    return text.replace("{$", "{ $")
