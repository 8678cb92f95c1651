"""Posts as mails: a campaign at MailerLite for those who pay, another for those who do not."""
