"""The doors of an account, and how often each may be tried."""

from datetime import timedelta

from membership.limits import Door, Limit

REFUSED = "session.refused"
CLOSED = "session.closed_for_a_while"

_FIVE_MINUTES, _HOUR, _DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)

# A password that was right does not count. There is no limit for everybody together: a thousand
# wrong tries of strangers would shut out all members.
PASSWORD = Door(
    "password",
    "There were too many tries with a wrong password. A link for a new one still comes by mail.",
    per_account=(Limit(10, _FIVE_MINUTES),),
    per_network=(Limit(20, _FIVE_MINUTES),),
)
RESET = Door(
    "reset",
    "A new password was asked for several times already.",
    per_account=(Limit(5, _HOUR), Limit(10, _DAY)),
    per_asker=(Limit(3, _HOUR), Limit(5, _DAY)),
    per_network=(Limit(20, _HOUR),),
)
CHANGE = Door(
    "change of address",
    "The address of this account was to be changed several times already.",
    per_account=(Limit(5, _DAY),),
    per_network=(Limit(20, _HOUR),),
)
