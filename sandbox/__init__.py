"""A Stripe, a MailerLite and a mailbox on this machine. No money moves, no mail leaves."""
