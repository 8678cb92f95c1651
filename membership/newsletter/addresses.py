"""One spelling for an email address, so that a person has one row."""

from email_validator import EmailNotValidError, validate_email


class BadAddress(ValueError):
    """Not an address mail can be sent to; the message is a sentence for the person."""


def normalise(text: str) -> str:
    """Lower-case ASCII spelling of `text`; dots and +tags are kept, they may matter."""
    try:
        found = validate_email(
            text.strip(),
            check_deliverability=False,
            allow_smtputf8=False,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise BadAddress("Enter an email address in the form name@example.com") from error
    # Without SMTPUTF8 there always is an ASCII form.
    return (found.ascii_email or found.normalized).lower()
