# The same toolchain as in rust-toolchain.toml, which is not copied, so that rustup installs no extra components.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin callstore \
    && cp target/release/callstore /callstore

FROM debian:bookworm-slim
# For `callstore simulate` against an https:// address.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /callstore /usr/local/bin/callstore
COPY --chmod=755 scripts/healthcheck.sh /usr/local/bin/callstore-healthcheck
# A named volume mounted here for the first time inherits the folder's owner.
RUN useradd --uid 10001 --user-group --no-create-home callstore \
    && install --directory --owner=callstore --group=callstore /data
USER callstore
WORKDIR /data
# On this address the service does not start without a key. Create one with `callstore keys create`, or name a file with
# one in CALLSTORE_ADMIN_KEY_FILE.
ENV CALLSTORE_LISTEN=0.0.0.0:8080 \
    DATABASE_URL=sqlite:///data/callstore.db \
    RECORDING_STORAGE_URL=file:///data/recordings \
    CALLSTORE_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["callstore-healthcheck"]
ENTRYPOINT ["callstore"]
CMD ["serve"]
