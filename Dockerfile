# The images that the steps of a pipeline run in, the second one with a Chromium for browser tests:
#   docker build --target gate -t storedog-gate:0.1.0 .
#   docker build --target browser -t storedog-gate:0.1.0-browser .
ARG BASE=python:3.13-slim
FROM ${BASE} AS gate
RUN python3 -m venv /opt/storedog-gate && useradd --create-home storedog
ENV PATH=/opt/storedog-gate/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Where a step is root, for the engine's socket, the checks and their browser are not.
ENV STOREDOG_SERVICE_USER=storedog
WORKDIR /src
# What it needs comes first: that changes less often than the sources.
COPY pyproject.toml .
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
more = p['optional-dependencies']; \
print(*p['dependencies'], *more['local'], *more['grpc'], *more['mail'], *more['lint'], *more['proof'], sep='\n')" > requirements.txt \
 && pip install --quiet --no-cache-dir --requirement requirements.txt hatchling
COPY README.md LICENSE ./
COPY pytest_storedog_gate pytest_storedog_gate
RUN pip install --quiet --no-cache-dir --no-deps --no-build-isolation .
WORKDIR /home/storedog
USER storedog
CMD ["pytest", "--help"]

FROM gate AS browser
USER root
# Playwright's Node needs libatomic.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium-headless-shell libatomic1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
# What is installed says itself what its extra needs.
RUN pip install --quiet --no-cache-dir 'pytest-storedog-gate[browser]'
USER storedog
