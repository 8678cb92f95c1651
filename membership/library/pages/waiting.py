"""What is not published yet: for the owner to look at, and for whoever writes on their machine."""

from flask import current_app
from flask_login import current_user

from membership import clock
from membership.library.post import Post
from membership.library.posts import library


def allowed() -> bool:
    """Whether whoever asks may see what is not published."""
    return bool(current_app.debug or current_user.is_owner)


def find(slug: str) -> Post | None:
    """A draft, or a post whose day has not come; None for everybody else."""
    return next((post for post in listed() if post.slug == slug), None)


def listed() -> list[Post]:
    return library().unpublished() if allowed() else []


def is_unpublished(post: Post) -> bool:
    return post.draft or post.date > clock.now().date()
