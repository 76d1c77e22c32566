# One image for web, worker, beat and prepare; docker-compose.yml says which is which.
# The packages are pinned with hashes in requirements.txt; no index address is in here or there.

FROM python:3.11-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /opt/raiportal/venv \
    && /opt/raiportal/venv/bin/python -m pip install --require-hashes -r requirements.txt

FROM python:3.11-slim
ENV PATH=/opt/raiportal/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RAIPORTAL_DATA=/var/lib/raiportal \
    RAIPORTAL_STATIC=/opt/raiportal/static \
    RAIPORTAL_METRICS=/tmp/metrics \
    RAIPORTAL_ALIVE=/tmp/alive
RUN groupadd --system --gid 10001 raiportal \
    && useradd --system --uid 10001 --gid raiportal --home-dir /var/lib/raiportal --shell /usr/sbin/nologin raiportal \
    && install -d -o raiportal -g raiportal -m 0700 /var/lib/raiportal
COPY --from=packages /opt/raiportal/venv /opt/raiportal/venv
WORKDIR /opt/raiportal/app
COPY . .
# Collecting needs settings that load, and none that is kept: these keys protect nothing and stand in no layer's environment.
RUN RAIPORTAL_SECRET_KEY=collecting RAIPORTAL_FIELD_KEYS=collecting RAIPORTAL_LEDGER_KEY=collecting RAIPORTAL_PUBLIC_URL=https://localhost RAIPORTAL_HOSTS=localhost \
    python manage.py collectstatic --noinput --ignore redoc --ignore rest_framework --verbosity 0
USER 10001:10001
VOLUME /var/lib/raiportal
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["python", "manage.py", "healthy", "web"]
CMD ["python", "-m", "raiportal.web", "--host", "0.0.0.0"]
