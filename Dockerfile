# One image for web, worker and migrations: what differs is the command (see docker-compose.yml).

FROM python:3.13-slim AS packages
COPY requirements/production.txt /requirements.txt
RUN python -m venv /packages \
    && /packages/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check \
       --require-hashes --only-binary :all: -r /requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin latchkey \
    && mkdir -p /site/instance && chown latchkey /site/instance
COPY --from=packages /packages /packages
WORKDIR /site
COPY . .
ENV PATH=/packages/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000
USER latchkey
# Only for a site on SQLite: its database and queue live here.
VOLUME /site/instance
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["gunicorn", "-c", "gunicorn.conf.py"]
