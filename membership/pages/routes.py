"""The home page."""

from flask import Blueprint, render_template

from membership.library.posts import library
from membership.newsletter.forms import SubscribeForm

bp = Blueprint("pages", __name__)


@bp.get("/")
def home() -> str:
    newest = library().posts()[:3]
    return render_template("pages/home.html", form=SubscribeForm(), posts=newest)
