"""What Stripe answers when it says no. Each is raised where it is noticed, and told in `wire`."""

from typing import Any


class Refusal(Exception):
    """`status` and the content of Stripe's `error` object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind, **more}
        if code:
            self.error |= {
                "code": code,
                "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
            }
        if param:
            self.error["param"] = param


def unknown(param: str) -> Refusal:
    return Refusal(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def missing(param: str) -> Refusal:
    return Refusal(f"Missing required param: {param}.", code="parameter_missing", param=param)


def empty(param: str) -> Refusal:
    return Refusal(
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to "
        f"unset a parameter; however '{param}' cannot be unset. You should remove '{param}' from "
        "your request or supply a non-empty value.",
        code="parameter_invalid_empty",
        param=param,
    )


def invalid(message: str, param: str, code: str | None = None) -> Refusal:
    return Refusal(message, param=param, code=code)


def no_such(what: str, id_: str, *, param: str = "id") -> Refusal:
    """404 for the object in the address, 400 for one named in a parameter."""
    return Refusal(
        f"No such {what}: '{id_}'",
        status=404 if param == "id" else 400,
        code="resource_missing",
        param=param,
    )


def no_such_address(method: str, path: str) -> Refusal:
    slash = (
        "If you are trying to list objects, remove the trailing slash. If you are trying to "
        "retrieve an object, make sure you passed a valid (non-empty) identifier in your code. "
    )
    return Refusal(
        f"Unrecognized request URL ({method}: {path}). {slash if path.endswith('/') else ''}"
        "Please see "
        "https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404,
    )


def unauthenticated(message: str) -> Refusal:
    return Refusal(message, status=401)
