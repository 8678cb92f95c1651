"""Work that is done behind the pages, here instead of in a worker."""

from flask import Flask

from membership.jobs import Jobs


def works(app: Flask) -> None:
    """Everything that is due, as a worker's sweep does it."""
    jobs: Jobs = app.extensions["jobs"]
    jobs.sweep()
