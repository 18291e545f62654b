# The program with what it needs, and nothing that only developing needs. `compose.yaml` puts it to work.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY requirements.lock requirements.image.lock ./
# Apart from the sources, so that a change of those does not install all of it again.
RUN python -m venv /tools && /tools/bin/pip install --no-deps --require-hashes -r requirements.lock
RUN python -m venv /caseway && /caseway/bin/pip install --no-deps --require-hashes -r requirements.image.lock
COPY . .
RUN /tools/bin/python -m build --wheel --no-isolation --outdir /wheel \
    && /caseway/bin/pip install --no-deps /wheel/*.whl

FROM python:3.11-slim-bookworm
COPY --from=build /caseway /caseway
RUN useradd --uid 10001 --create-home caseway && install -d -o caseway -g caseway -m 700 /house /prefect
ENV PATH=/caseway/bin:$PATH PYTHONUNBUFFERED=1 CASEWAY_HOME=/house
USER caseway
VOLUME /house
WORKDIR /house
EXPOSE 8321 9464
ENTRYPOINT ["caseway"]
CMD ["serve", "--host", "0.0.0.0"]
