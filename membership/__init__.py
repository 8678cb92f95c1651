"""Latchkey: a newsletter that turns readers into paying members."""
