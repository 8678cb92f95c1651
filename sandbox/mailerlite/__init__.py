"""MailerLite's API: subscribers, groups, fields, automations that mail, webhooks."""
