"""Stripe's API at 2026-10-28.endive, its hosted pages and its webhooks."""
