# One image for every process of Parley: the command says which. Nothing is downloaded or parsed when a container starts.
ARG PYTHON=python:3.12-slim

FROM ${PYTHON} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/venv
COPY requirements.txt /tmp/
# Everything is pinned, so pip need not resolve anything. pip compiles the bytecode that lets processes start fast.
RUN /opt/venv/bin/pip install --quiet --no-deps -r /tmp/requirements.txt

FROM ${PYTHON}
# User 50000 of group 0 is what the official Helm chart runs as.
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /opt/parley parley
ENV PATH=/opt/venv/bin:$PATH \
    PARLEY_ROOT=/opt/parley \
    PARLEY_STATE=/opt/parley/.parley \
    AIRFLOW_HOME=/opt/parley/.parley/airflow \
    AIRFLOW_CONFIG=/opt/parley/airflow.cfg \
    AIRFLOW__CORE__AUTH_MANAGER=airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager \
    DBT_PROFILES_DIR=/opt/parley/dbt \
    WAREHOUSE_PATH=/opt/parley/data/warehouse.duckdb \
    PYTHONUNBUFFERED=1
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/parley
COPY . .
# What is written while it runs: volumes go here, and belong to the user from the start.
RUN mkdir -p .parley/airflow/logs .parley/dlt .parley/parts .parley/published data \
    # Where the probes of the official Helm chart look for it.
    && ln -s /opt/parley/deploy/entrypoint /entrypoint \
    && pip install --quiet --no-deps --no-build-isolation --no-cache-dir -e . \
    && python -m compileall -q plugins dags \
    && parley deps && DEPLOY_ENV=prod parley manifest \
    && chown -R parley:0 .parley data dbt && chmod -R g=u .parley data dbt
USER 50000:0
ENTRYPOINT ["/opt/parley/deploy/entrypoint"]
CMD ["airflow", "version"]
# Asks the process that the container was started for; docker-compose.yml names it.
HEALTHCHECK --interval=60s --timeout=30s --start-period=120s --retries=3 CMD ["/opt/parley/deploy/healthcheck"]
