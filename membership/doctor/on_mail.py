"""The mail server."""

from membership import smtp
from membership.config import Config
from membership.doctor.findings import Check, Said, broken, look, well
from membership.doctor.visit import Visit

HERE = ("localhost", "127.0.0.1", "::1")


def _smtp(visit: Visit) -> Said:
    settings = visit.settings
    where = f"{settings.mail_server}:{settings.mail_port}"
    try:
        smtp.try_server()
    except smtp.ServerRefused as error:
        return broken(
            f"{where} does not take our mail: {error}",
            "Look at MAIL_SERVER, MAIL_PORT, MAIL_USERNAME and MAIL_PASSWORD. Port 587 wants "
            "MAIL_USE_TLS=true, port 465 MAIL_USE_SSL=true. What is to be sent waits.",
        )
    if _in_the_open(settings):
        return look(
            f"{where} takes our mail, and codes and password travel there unencrypted.",
            "Most servers take MAIL_PORT=587 and MAIL_USE_TLS=true.",
        )
    return well(f"{where} takes our mail.")


def _in_the_open(settings: Config) -> bool:
    encrypted = settings.mail_use_tls or settings.mail_use_ssl
    return not encrypted and settings.mail_server not in HERE and bool(settings.mail_username)


CHECKS = (Check("smtp", "Nobody gets a code, so nobody can join or reset a password.", _smtp),)
