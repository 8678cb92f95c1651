"""The project's gunicorn, without what only its own application needs: the same for everyone."""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
worker_class = "gthread"
workers = int(os.environ.get("PROCESSES", "2"))
threads = 24
preload_app = True
keepalive = 65
control_socket_disable = True
