"""flask library …"""

from collections.abc import Sequence

import click
from flask.cli import AppGroup

from membership import clock, journal
from membership.db import db, transaction
from membership.library.post import Post
from membership.library.posts import library as posts
from membership.library.publishing import asking, sending, words
from membership.library.publishing.asking import Plan
from membership.newsletter.mailerlite import MailerLiteError

library = AppGroup("library", help="The posts.")


@library.command("publish")
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help="Say what would be sent to whom, and send nothing.")
def publish(slug: str, dry_run: bool) -> None:
    """Mail the post SLUG to the list: all of it to those who may read it, else its teaser."""
    post = posts().find(slug)
    if post is None:
        raise click.ClickException(f"There is no published post {slug!r}.")
    for plan in _plans(post):
        click.echo(words.of_plan(plan))
    if dry_run:
        return
    with transaction() as session:
        if asking.ask(session, post, now=clock.now()):
            journal.record(session, "owner.published", slug=post.slug)
    sending.drain()
    for edition in asking.of_post(db.session(), post.slug):
        click.echo(f"{words.AUDIENCES[edition.audience]}: {words.of_edition(edition)}")


def _plans(post: Post) -> Sequence[Plan]:
    try:
        return asking.plans(db.session(), post, now=clock.billing_now())
    except MailerLiteError as error:
        raise click.ClickException(f"MailerLite: {error}") from error
