# docker build -t im-relay .                 the relay; --build-arg LOCK=msk for Amazon MSK with IAM
# docker build -t im-relay-demo --target demo .   the same, with the simulators of docker-compose.yml
#
# The base is named by its digest: a tag may be another image tomorrow. docs/hardening.md says how to take a newer one.

FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea AS build
# A compiler, for the few packages that have no wheel on some machines (faust-streaming on ARM).
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/im-relay
ENV PATH=/opt/im-relay/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements/runtime.lock requirements/msk.lock requirements/tracing.lock requirements/
# msk: with what signs for Amazon MSK.
ARG LOCK=runtime
RUN pip install --require-hashes -r requirements/${LOCK}.lock
COPY pyproject.toml README.md LICENSE ./
COPY converters converters
COPY streams streams
RUN pip install --no-deps .

FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea AS base
ENV PATH=/opt/im-relay/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 10001 im-relay \
    && useradd --uid 10001 --gid im-relay --no-create-home --home-dir /var/lib/im-relay im-relay \
    && install -d -o im-relay -g im-relay /var/lib/im-relay /var/lib/im-relay/files
# deliver.state and the like are relative to it, unless the settings say otherwise.
WORKDIR /var/lib/im-relay
EXPOSE 8080 8090 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["im-relay"]
CMD ["--help"]

FROM base AS demo
COPY --from=build /opt/im-relay /opt/im-relay
COPY tests/__init__.py /demo/tests/__init__.py
COPY tests/simulators /demo/tests/simulators
COPY deploy/simulator.py /demo/deploy/simulator.py
ENV PYTHONPATH=/demo
USER 10001:10001

# The last stage is what `docker build` makes.
FROM base AS runtime
COPY --from=build /opt/im-relay /opt/im-relay
USER 10001:10001
