# One image for every service; FINTECH_SERVICE and the command say which one a container is.
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv
COPY requirements-installer.txt requirements-production.txt ./
RUN python -m venv /srv/venv \
    && /srv/venv/bin/pip install --no-cache-dir --require-hashes -r requirements-installer.txt \
    && /srv/venv/bin/uv pip sync --no-cache --require-hashes --python /srv/venv/bin/python requirements-production.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv --shell /usr/sbin/nologin fintech
WORKDIR /srv/app
COPY --from=build /srv/venv /srv/venv
COPY manage.py ./
COPY fintech ./fintech
COPY crm ./crm
COPY payments ./payments
COPY trading ./trading
COPY audit ./audit
ENV PATH=/srv/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=fintech.project.settings.production
RUN DJANGO_SETTINGS_MODULE=fintech.project.settings.base python manage.py collectstatic --no-input --verbosity 0
USER 10001
ENTRYPOINT ["python", "manage.py"]
