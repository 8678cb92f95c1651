"""What people agree to when they ask for the letters. Change the words here, and here alone: beside
each consent stands for good what they were when it was given."""

# Below the field for the address, on every page that has one.
FORM = (
    "One letter a week, and a way out at the foot of each. We send you a code first, so that only "
    "you can sign yourself up."
)
# Where the letters come along with something else, or come again.
BOX = "Send me the newsletter too: one letter a week, and a way out at the foot of each"
BOX_AGAIN = "Send me the newsletter again: one letter a week, and a way out at the foot of each"
AGAIN = "One letter a week to this address, and a way out at the foot of each."
