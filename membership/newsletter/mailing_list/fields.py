"""The fields of ours that a subscriber has at MailerLite, besides the one for codes."""

PLAN = "plan"
RENEWS_ON = "renews_on"
# Key and type. Made by `flask newsletter setup`; one that is not there is done without.
FIELDS = {PLAN: "text", RENEWS_ON: "date"}
