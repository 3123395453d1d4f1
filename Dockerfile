# One image for every service; FINTECH_SERVICE and the command say which one a container is.
#
# It runs as an unprivileged user on a root that may be read-only: /tmp, and what the settings name, is all that it
# writes. `make image` builds it, looks through it and plays the journey against it.

# Debian's Python 3.11 does as well where this one can't be fetched: BASE names it.
ARG BASE=docker.io/library/python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b

FROM ${BASE} AS build
WORKDIR /srv
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
COPY requirements-installer.txt requirements-production.txt ./
RUN python3 -m venv /opt/installer \
    && /opt/installer/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --cert "$SSL_CERT_FILE" \
        --require-hashes -r requirements-installer.txt
# Without an installer in it, and compiled: on a read-only root nothing could be compiled later.
RUN /opt/installer/bin/uv venv --quiet --python "$(command -v python3)" /srv/venv \
    && /opt/installer/bin/uv pip sync --quiet --no-cache --system-certs --require-hashes --compile-bytecode \
        --python /srv/venv/bin/python requirements-production.txt \
    && rm /srv/venv/.lock

# What is installed, as CycloneDX: the image carries the list in /srv/sbom.json.
COPY deploy/image/requirements.txt ./sbom-requirements.txt
RUN /opt/installer/bin/uv venv --quiet --python "$(command -v python3)" /opt/cyclonedx \
    && /opt/installer/bin/uv pip sync --quiet --no-cache --system-certs --require-hashes \
        --python /opt/cyclonedx/bin/python sbom-requirements.txt \
    && /opt/cyclonedx/bin/cyclonedx-py environment --output-reproducible --spec-version 1.6 \
        --output-file /srv/sbom.json /srv/venv/bin/python

FROM ${BASE}
# No installers, and no program that gains rights by being started.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fintech \
    && rm -rf /usr/local/bin/*pip* /usr/local/bin/wheel /usr/local/lib/python3*/ensurepip /usr/lib/python3*/ensurepip \
        /usr/local/lib/python3*/site-packages/* /usr/share/python-wheels /root/.cache \
    && find / -xdev -type f -perm /6000 -exec chmod ug-s {} +
WORKDIR /srv/app
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/sbom.json /srv/sbom.json
# Who may speak for RDS; those who speak for Azure's databases are among the public ones.
COPY deploy/image/certificates/rds.pem /srv/certificates/rds.pem
COPY manage.py ./
COPY fintech ./fintech
COPY crm ./crm
COPY payments ./payments
COPY trading ./trading
COPY audit ./audit
ENV PATH=/srv/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=fintech.project.settings.production
RUN find . -type d -name tests -prune -exec rm -rf {} + \
    && python -m compileall -q --invalidation-mode unchecked-hash . \
    && DJANGO_SETTINGS_MODULE=fintech.project.settings.base python manage.py collectstatic --no-input --verbosity 0
USER 10001:10001
# A service without addresses of its own answers at its doors' port.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('FINTECH_DOORS_PORT', 8000)}/health/live\", timeout=4)"]
ENTRYPOINT ["python", "manage.py"]
