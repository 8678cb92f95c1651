"""How gunicorn serves the site: `gunicorn -c gunicorn.conf.py`.

Four variables are read: HOST and PORT (127.0.0.1 and 8000: behind a proxy on the same machine
nothing else should reach it; the container image sets HOST=0.0.0.0), WEB_CONCURRENCY
(processes, 2; about one per core) and WEB_THREADS (threads in each, 24).
"""

import gc
import os
from importlib import import_module
from typing import Any

# What is imported is here to stay: to look through it for garbage, again and again while it comes,
# makes a tenth of the start.
gc.disable()

wsgi_app = "membership.app:create_app()"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"

# Hashing a password takes a quarter of a second and waits its turn in the process. With more
# threads than people who sign in at once, readers do not queue behind them.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "24"))
preload_app = True  # one import for all processes: quicker to start, less memory

timeout = 30
graceful_timeout = 20
keepalive = 65  # longer than the usual proxy keeps an idle one: it never meets a closed door

# The parser's limits; the size of a body is the application's (MAX_CONTENT_LENGTH).
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190

# Addresses carry codes and tokens, so requests are not logged here. Who the client is, behind a
# proxy, is the application's question (TRUSTED_PROXIES); gunicorn itself believes nobody.
accesslog = None
errorlog = "-"
loglevel = "info"
forwarded_allow_ips = ""
forwarder_headers = ""
control_socket_disable = True
if os.path.isdir("/dev/shm"):
    worker_tmp_dir = "/dev/shm"  # the heartbeat file: never on a slow disk


def when_ready(server: Any) -> None:
    """The last thing before the workers fork: what they would all do is done, and none of it will
    be looked through for garbage, which would copy every page of it."""
    import_module("membership.warming").up(server.app.wsgi())
    gc.freeze()
    gc.enable()


on_reload = when_ready  # at a HUP this file was read again, and the application made anew
