"""The page behind the unsubscribe link in every mail of MailerLite's."""

from flask import Blueprint, render_template

from sandbox.mailerlite import people, subscribers
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
        with lists.store.lock:
            subscriber = people.unsubscribe(lists, subscriber_id)
        return render_template("sandbox/unsubscribe.html", subscriber=subscriber)

    return pages
