"""The pages behind the links in MailerLite's mails: unsubscribe, confirm, read in a browser."""

from flask import Blueprint, render_template

from sandbox.mailerlite import campaigns, people, subscribers
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import Refusal


def blueprint(lists: Lists) -> Blueprint:
    pages = Blueprint("mailerlite_pages", __name__)

    @pages.errorhandler(Refusal)
    def gone(_refusal: Refusal) -> tuple[str, int]:
        title = "This address is not on the list."
        return render_template("sandbox/message.html", title=title), 404

    @pages.get("/unsubscribe/<subscriber_id>")
    def ask(subscriber_id: str) -> str:
        subscriber = subscribers.find(lists, subscriber_id)
        return render_template("sandbox/unsubscribe.html", subscriber=subscriber)

    @pages.post("/unsubscribe/<subscriber_id>")
    def unsubscribe(subscriber_id: str) -> str:
        """The button of that page, and what a mail program does by itself (One-Click)."""
        with lists.store.lock:
            subscriber = people.unsubscribe(lists, subscriber_id)
        return render_template("sandbox/unsubscribe.html", subscriber=subscriber)

    @pages.get("/confirm/<subscriber_id>")
    def ask_to_confirm(subscriber_id: str) -> str:
        subscriber = subscribers.find(lists, subscriber_id)
        return render_template("sandbox/confirm.html", subscriber=subscriber)

    @pages.post("/confirm/<subscriber_id>")
    def confirm(subscriber_id: str) -> str:
        with lists.store.lock:
            subscriber = people.confirm(lists, subscriber_id)
        return render_template("sandbox/confirm.html", subscriber=subscriber)

    @pages.get("/preview/<campaign_id>")
    def preview(campaign_id: str) -> str:
        campaign = campaigns.find(lists, campaign_id)
        return render_template("sandbox/preview.html", campaign=campaign)

    return pages
