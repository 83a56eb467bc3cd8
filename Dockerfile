# One image for the three programs; docker-compose.yml says which one a container runs. And a small
# one for the broker, which is Mosquitto's own and a folder.
#
# The Python that the tests run with. `deploy/pin-images` adds the digests of the images.
FROM python:3.11.14-slim-bookworm AS build

WORKDIR /src
COPY requirements.lock ./
# First what changes seldom. Every file is compared with its hash in the lock.
RUN python -m venv /opt/aware \
    && /opt/aware/bin/pip install --no-cache-dir --disable-pip-version-check --no-input \
        --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY alarm_protocol ./alarm_protocol
COPY alarm_gateway ./alarm_gateway
COPY dispatch ./dispatch
COPY simulator ./simulator
COPY mosquitto ./mosquitto
RUN /opt/aware/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps \
        --no-build-isolation --wheel-dir /wheel . \
    && /opt/aware/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps \
        --no-index /wheel/*.whl

# A new volume takes its owner from the folder that it is mounted on, and is root's where the image
# has none. This is the folder of mosquitto.conf, and 1883 is who runs there.
FROM eclipse-mosquitto:2.0.22 AS broker
RUN install -d -o 1883 -g 1883 -m 0700 /var/lib/mosquitto

FROM python:3.11.14-slim-bookworm

# A number, so that a host that knows no such user can still tell who owns the files.
RUN groupadd --gid 10001 aware \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/aware --no-create-home \
        --shell /usr/sbin/nologin aware \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/aware
COPY --from=build /opt/aware /opt/aware
ENV PATH=/opt/aware/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/aware
CMD ["alarm-gateway", "--help"]
