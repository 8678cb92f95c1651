"""The project's gunicorn, without what only its own application needs: the same for everyone."""

import os
from runpy import run_path

shipped = run_path("gunicorn.conf.py")
shipped.pop("post_fork")  # it knows our database
shipped.pop("wsgi_app")
globals().update(shipped)
bind = f"127.0.0.1:{os.environ['PORT']}"
