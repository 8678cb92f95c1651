"""`/control/faults`: the knobs, for people (a form) and for programs (JSON). See `knobs`."""

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.control.desk import HOME, Desk, back, told
from sandbox.faults import MAILERLITE, STRIPE
from sandbox.knobs import from_text
from sandbox.mailerlite.campaigns import PLANS
from sandbox.stripe.dunning import AFTER_RETRIES

FAULTS = f"{HOME}/faults"
OURS = {"back"}  # fields of the form that are no knobs


def register(room: Blueprint, desk: Desk) -> None:
    @room.get("/faults")
    def faults() -> str | Response:
        return _form(desk) if _is_person() else jsonify(desk.knobs.read())

    @room.post("/faults")
    def turn() -> AnyResponse | tuple[str | Response, int]:
        """Only what is given is changed; all of it, or nothing."""
        try:
            given = told() if request.is_json else _given()
            if not isinstance(given, dict):
                raise ValueError("the body must be an object of knobs")
            desk.knobs.turn(given)
        except ValueError as error:
            return _refused(desk, str(error)), HTTPStatus.BAD_REQUEST
        if request.is_json:
            return jsonify(desk.knobs.read())
        desk.say("The knobs are set.")
        return back(FAULTS)


def _given() -> dict[str, object]:
    """The last value of a name counts: a checkbox follows a hidden field that says false."""
    names = [name for name in request.form if name not in OURS]
    return from_text({name: request.form.getlist(name)[-1] for name in names})


def _form(desk: Desk, problem: str = "") -> str:
    return render_template(
        "sandbox/control/faults.html",
        knobs=desk.knobs.read(),
        stripe=STRIPE,
        mailerlite=MAILERLITE,
        endings=AFTER_RETRIES,
        plans=PLANS,
        problem=problem,
    )


def _refused(desk: Desk, why: str) -> str | Response:
    return jsonify(error=why) if request.is_json else _form(desk, why)


def _is_person() -> bool:
    return request.accept_mimetypes.best_match(("text/html", "application/json")) == "text/html"
