"""Joining, signing in and out."""

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from membership import clock, config, jobs
from membership.accounts import (
    destinations,
    devices,
    hashing,
    joining,
    key_pages,
    password_check,
    sessions,
)
from membership.accounts.forms import JoinForm, LoginForm, PasswordForm
from membership.accounts.models import User
from membership.accounts.password_check import Passed
from membership.db import db, transaction
from membership.extensions import limiter
from membership.newsletter import signup, subscribers, visits
from membership.newsletter.codes import challenges, mail_links, progress, sends
from membership.newsletter.codes.challenges import Gone, Wrong

bp = Blueprint("accounts", __name__)


@bp.get("/join")
def join() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(destinations.wanted() or url_for("dashboard.account"))
    if request.args.get("change"):
        visits.forget()
    destinations.remember()
    proven = _proven_email()
    form = PasswordForm(proven) if proven else JoinForm(email=visits.address())
    return _join_page(form)


@bp.post("/join")
@limiter.limit("60 per hour")
def enter_code() -> ResponseReturnValue:
    """The code confirms the subscription; with a password it opens an account, signed in."""
    proven = _proven_email()
    if proven and "code" not in request.form:
        return _choose_password(proven)
    form = JoinForm()
    if not form.validate_on_submit():
        return _join_page(form), 422
    email, password_hash = form.email.data, _hash(form.password.data)
    with transaction() as rows:
        outcome = joining.with_code(
            rows,
            email,
            form.code.data,
            password_hash,
            letters=signup.letters_wanted(rows, email),
            ticked=form.letters.data,
            asking=visits.asking(),
            now=clock.now(),
        )
    if isinstance(outcome, Wrong | Gone):
        form.code.errors = [challenges.in_words(outcome)]
        return _join_page(form), 422
    return _after(outcome)


@bp.get("/join/link/<token>")
def link(token: str) -> ResponseReturnValue:
    """Where the mail with the code leads. Programs that look through mail come here, too: it spends
    nothing."""
    challenge = mail_links.holder(db.session(), token, now=clock.now())
    if challenge is None:
        return _link_gone()
    letters = signup.letters_by_link(db.session(), challenge)
    page = render_template(
        "accounts/join_link.html", email=challenge.email, letters=letters, token=token
    )
    return key_pages.telling_nobody(page)


@bp.post("/join/link/<token>")
@limiter.limit("60 per hour")
def follow_link(token: str) -> ResponseReturnValue:
    """What the code alone does, in whatever browser the mail is read."""
    with transaction() as rows:
        outcome = joining.with_link(rows, token, asking=visits.asking(), now=clock.now())
    if outcome is None:
        return _link_gone()
    visits.begin(outcome.email, letters=outcome.letters)
    if current_user.is_authenticated:
        jobs.nudge("subscribers")
        flash(f"{outcome.email} is confirmed.", "status")
        return redirect(url_for("dashboard.account"), 303)
    return _after(outcome)


@bp.get("/login")
def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(destinations.wanted() or url_for("dashboard.account"))
    return _login_page(LoginForm(formdata=None, email=visits.address()))


@bp.post("/login")
@limiter.limit("30 per 5 minutes")
def sign_in() -> ResponseReturnValue:
    form = LoginForm()
    if not form.validate_on_submit():
        return _login_page(form), 422
    passed = password_check.account_of(form.email.data, form.password.data, back=request.path)
    begun = _begin_for(passed, current_user.get_id()) if passed else None
    if begun is None:
        form.password.errors = ["The address or the password is not right"]
        return _login_page(form), 422
    destination = destinations.wanted() or url_for("dashboard.account")
    return _let_in(*begun, destination, remember=form.remember.data)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    if current_user.is_authenticated:
        with transaction() as rows:
            sessions.end(rows, current_user.get_id(), now=clock.now())
    sessions.forget_cookie()
    flash("You are signed out.", "status")
    return redirect(url_for("pages.home"), 303)


def _choose_password(email: str) -> ResponseReturnValue:
    form = PasswordForm(email)
    if not form.validate_on_submit():
        return _join_page(form), 422
    password_hash = _hash(form.password.data)
    with transaction() as rows:
        if form.letters.data:
            joining.letters_again(rows, email, now=clock.now())
        outcome = joining.proven(
            rows, email, password_hash, letters=visits.wants_letters(), now=clock.now()
        )
    return _after(outcome)


def _link_gone() -> ResponseReturnValue:
    page = render_template("accounts/join_link_gone.html", email=visits.address())
    return key_pages.telling_nobody(page, 410)


def _after(outcome: joining.Outcome) -> ResponseReturnValue:
    jobs.nudge("subscribers")
    match outcome:
        case joining.Opened(user):
            destination = destinations.wanted() or url_for("billing.plans")
            before = current_user.get_id()
            with transaction() as rows:
                token = _begin(rows, user, before)
            answer = _let_in(user, token, destination, remember=False)
            flash(_welcome(user), "status")
            return answer
        case joining.HasAccount(email):
            flash("There is an account at this address already. Sign in to it here.", "status")
            visits.begin_again(email)
            return redirect(url_for("accounts.login", next=destinations.wanted()), 303)
        case joining.Confirmed(email, letters):
            if not visits.knows(email):
                visits.begin(email, letters=letters)
            visits.prove(email, now=clock.now())
            return redirect(url_for("accounts.join", next=destinations.wanted()), 303)


def _welcome(user: User) -> str:
    if subscribers.gets_letters(db.session(), user.email):
        if subscribers.untold(db.session(), user.email):
            return "Welcome. Your account is open. Letters you stopped before stay stopped."
        return f"Welcome. Your account is open, and the letters go to {user.email}."
    if subscribers.said_no(db.session(), user.email):
        return "Welcome. Your account is open. You stopped the letters before, so none will come."
    return "Welcome. Your account is open."


def _begin_for(passed: Passed, before: str | None) -> tuple[User, str] | None:
    """None when the password was changed while it was looked at."""
    with transaction() as rows:
        user = password_check.still(rows, passed)
        return (user, _begin(rows, user, before)) if user else None


def _begin(rows: Session, user: User, before: str | None) -> str:
    """A session in the place of the one that this browser had before."""
    if before:
        sessions.end(rows, before, now=clock.now())
    return sessions.begin(rows, user, now=clock.now())


def _let_in(user: User, token: str, destination: str, *, remember: bool) -> ResponseReturnValue:
    sessions.remember_in_cookie(token, remember=remember)
    devices.remember(user)
    return redirect(destination, 303)


def _join_page(form: JoinForm | PasswordForm) -> str:
    settings = config.current()
    email = visits.address()
    return render_template(
        "accounts/join.html",
        form=form,
        email=email,
        proven=isinstance(form, PasswordForm),
        wait=sends.seconds_to_wait(db.session(), email, now=clock.now()),
        progress=progress.of_last(db.session(), email) if email else None,
        letters=visits.wants_letters(),
        stopped=isinstance(form, PasswordForm) and subscribers.said_no(db.session(), email or ""),
        returned=isinstance(form, PasswordForm) and subscribers.returned(db.session(), email or ""),
        untold=isinstance(form, PasswordForm) and subscribers.untold(db.session(), email or ""),
        password_min=settings.password_min_length,
        next=destinations.wanted(),
    )


def _login_page(form: LoginForm) -> str:
    return render_template("accounts/login.html", form=form, next=destinations.wanted())


def _hash(password: str) -> str | None:
    return hashing.hash_password(password) if password else None


def _proven_email() -> str | None:
    return visits.proven_address(now=clock.now())
