# The images that the steps of a pipeline run in, the second one with a Chromium for browser tests.
# `lab/image` builds both; where Docker Hub answers, so do
#   docker build --target gate -t storedog-gate:0.2.0 .
#   docker build --target browser -t storedog-gate:0.2.0-browser .
ARG BASE=python:3.13-slim

FROM ${BASE} AS base
RUN useradd --create-home storedog
ENV PATH=/opt/storedog-gate/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Where a step is root, for the engine's socket, the checks and their browser are not.
ENV STOREDOG_SERVICE_USER=storedog
WORKDIR /home/storedog
USER storedog
CMD ["pytest", "--help"]

# Sources and what installs them stay behind in here.
FROM base AS installing
USER root
WORKDIR /src
RUN python3 -m venv /opt/tools && /opt/tools/bin/pip install --quiet --no-cache-dir hatchling \
 && python3 -m venv --without-pip /opt/storedog-gate
ENV PIP="/opt/tools/bin/pip --python /opt/storedog-gate/bin/python install --quiet --no-cache-dir"
# What it needs comes first: that changes less often than the sources.
COPY pyproject.toml .
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
more = p['optional-dependencies']; \
print(*p['dependencies'], *more['local'], *more['grpc'], *more['mail'], *more['lint'], *more['proof'], sep='\n')" > requirements.txt \
 && $PIP --requirement requirements.txt
COPY README.md LICENSE ./
COPY pytest_storedog_gate pytest_storedog_gate
RUN /opt/tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && $PIP --no-deps dist/*.whl

FROM base AS gate
COPY --from=installing /opt/storedog-gate /opt/storedog-gate

FROM installing AS installing-browser
# What is installed says itself what its extra needs.
RUN $PIP 'pytest-storedog-gate[browser]'

FROM base AS browser
USER root
# Playwright's Node needs libatomic; a browser without windows needs no driver of a graphics card.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium-headless-shell libatomic1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/lib/*/libLLVM* /usr/lib/*/libz3.so* /usr/lib/*/dri
COPY --from=installing-browser /opt/storedog-gate /opt/storedog-gate
USER storedog
