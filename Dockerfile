# Built with cargo and a C compiler alone; the image holds the program and the certificates that it trusts.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock askama.toml ./
COPY .cargo .cargo
COPY benches benches
COPY locales locales
COPY migrations migrations
COPY src src
COPY static static
COPY templates templates
RUN cargo build --release --locked --bin bluebridge

FROM debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/bluebridge --create-home bluebridge
COPY --from=build /src/target/release/bluebridge /usr/local/bin/bluebridge
USER bluebridge
WORKDIR /var/lib/bluebridge
VOLUME /var/lib/bluebridge
ENV BLUEBRIDGE_DATABASE_URL=sqlite:///var/lib/bluebridge/bluebridge.db BLUEBRIDGE_LISTEN=0.0.0.0:8080
EXPOSE 8080
CMD ["bluebridge"]
