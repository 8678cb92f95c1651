"""The control room: everything in the sandbox at a glance, and a hand on all of it."""
