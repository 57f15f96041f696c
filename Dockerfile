# The image that the steps of a pipeline run in: docker build -t storedog-gate:0.1.0 .
ARG BASE=python:3.13-slim
FROM ${BASE}
RUN python3 -m venv /opt/storedog-gate && useradd --create-home storedog
ENV PATH=/opt/storedog-gate/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
# What it needs comes first: that changes less often than the sources.
COPY pyproject.toml .
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print(*p['dependencies'], *p['optional-dependencies']['local'], sep='\n')" > requirements.txt \
 && pip install --quiet --no-cache-dir --requirement requirements.txt hatchling
COPY README.md LICENSE ./
COPY pytest_storedog_gate pytest_storedog_gate
RUN pip install --quiet --no-cache-dir --no-deps --no-build-isolation .
WORKDIR /home/storedog
USER storedog
CMD ["pytest", "--help"]
