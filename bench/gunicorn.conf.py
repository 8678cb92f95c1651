"""The project's gunicorn, without what only its own application needs: the same for everyone."""

import gc
import os
from runpy import run_path
from typing import Any

shipped = run_path("gunicorn.conf.py")
shipped.pop("when_ready")  # it knows our pages
shipped.pop("on_reload")
shipped.pop("wsgi_app")
globals().update(shipped)
bind = f"127.0.0.1:{os.environ['PORT']}"


def when_ready(_server: Any) -> None:
    gc.freeze()
    gc.enable()
