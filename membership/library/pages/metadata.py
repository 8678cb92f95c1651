"""What a post says of itself to search engines, and where its address is shared."""

from dataclasses import dataclass
from typing import Any

from membership import config, links
from membership.library.post import PUBLIC, Post

LOCKED_PART = ".paywall"  # what stands on the page where the rest of the text would


@dataclass(frozen=True)
class About:
    """Whole addresses; `json_ld` is a schema.org Article."""

    address: str
    image: str | None
    json_ld: dict[str, Any]


def of_post(post: Post) -> About:
    address = links.whole("library.post", slug=post.slug)
    image = config.current().site_url + post.image.address if post.image else None
    return About(address, image, _article(post, address, image))


def _article(post: Post, address: str, image: str | None) -> dict[str, Any]:
    site = {"@type": "Organization", "name": config.current().site_name}
    is_free = post.access == PUBLIC
    article: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": post.title,
        "description": post.summary,
        "datePublished": post.date.isoformat(),
        "dateModified": (post.updated or post.date).isoformat(),
        "author": {"@type": "Person", "name": post.author} if post.author else site,
        "publisher": site,
        "mainEntityOfPage": address,
        "isAccessibleForFree": is_free,
    }
    if image:
        article["image"] = image
    if not is_free:  # else leaving text out would look like showing search engines another page
        article["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": LOCKED_PART,
        }
    return article
