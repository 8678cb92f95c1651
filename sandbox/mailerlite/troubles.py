"""What every call is answered while MailerLite is in trouble; see the knob `mailerlite_fault`."""

from sandbox.mailerlite.wire import Reply

PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
UNKNOWN: Reply = 401, {"message": "Unauthenticated."}
TOO_MANY: Reply = 429, {"message": "Too Many Attempts."}
TOO_MANY_IMPORTS: Reply = 429, {"message": "You're being rate limited on import creation."}
ANSWERS: dict[str, Reply] = {
    "down": (503, {"message": "Service Unavailable"}),
    "error": (500, {"message": "Server Error"}),
    "gateway": (502, PAGE.encode()),
    "hang": (504, {"message": "Gateway Timeout"}),
    "forbidden": (403, {"message": "This action is unauthorized."}),
    "missing": (404, {"message": "The requested resource could not be found."}),
}
# To whatever would write; questions are answered as ever.
TO_WRITES: dict[str, Reply] = {
    "refuse": (
        422,
        {
            "message": "This subscriber cannot be imported.",
            "errors": {"email": ["This subscriber cannot be imported."]},
        },
    ),
    "bare": (422, "This cannot be done"),
}
