# bt-run for batch jobs: docker run --rm -v "$PWD:/studies" backtestkit run study.yaml
FROM swift:6.2-bookworm AS build
WORKDIR /source
COPY . .
RUN script/bootstrap
RUN swift build -c release --product bt-run \
  && install -D "$(swift build -c release --show-bin-path)/bt-run" /out/bt-run

FROM swift:6.2-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends libcsv3 libopenblas0 libsqlite3-0 libyaml-0-2 zlib1g \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/bt-run /usr/local/bin/bt-run
WORKDIR /studies
ENTRYPOINT ["bt-run"]
