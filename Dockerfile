# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
#
# strata-server and the command line strata, on a base that need hold nothing but
# glibc. docs/docker.md says how to build and run it.
#
#   docker build --build-arg TORCH=cuda --tag strata-server:0.1.0-cuda .
#
# For every builder: no heredocs, no COPY --link, nothing that is fetched by ADD.

# As new as what the image is built on, or newer: glibc comes from it.
ARG BASE=debian:12-slim
ARG BUILD_BASE=debian:12-slim

# What Strata is built from, in layers that a change of its sources leaves alone.
FROM ${BUILD_BASE} AS tools
WORKDIR /strata
ENV STRATA_CACHE=/cache
COPY deploy/bootstrap.sh deploy/build_sentencepiece.sh deploy/build_tokenizers.sh \
     deploy/crate_licenses.py deploy/fetch_torch.sh deploy/requirements.txt deploy/
COPY core/tokenize/bridge core/tokenize/bridge
RUN deploy/bootstrap.sh --server

FROM tools AS build
ARG JOBS=
COPY CMakeLists.txt CMakePresets.json ./
COPY deploy/cmake deploy/cmake
COPY proto proto
COPY core core
COPY client client
COPY server server
RUN cmake --preset release -DSTRATA_WITH_TESTS=OFF \
    && cmake --build --preset release --parallel "${JOBS:-$(nproc)}" \
        --target strata-server strata

# Which LibTorch is in the image: cpu, or cuda. The programs are the same.
FROM build AS package
ARG TORCH=cpu
# When the bill of materials was made; unset: now.
ARG SOURCE_DATE_EPOCH=
COPY LICENSE README.md ./
COPY deploy deploy
RUN libtorch=$(STRATA_PYTHON=/cache/pip-environment/bin/python deploy/fetch_torch.sh "$TORCH") \
    && deploy/package.py --torch "$TORCH" --libtorch "$libtorch" --folder /opt/strata

FROM ${BASE}
ARG TORCH=cpu
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="strata-server" \
      org.opencontainers.image.description="A gRPC server for the hidden states of transformers (LibTorch: ${TORCH})" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The Strata Authors"
COPY --from=package /opt/strata /opt/strata
ENV PATH=/opt/strata/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    STRATA_REPOSITORY=/models \
    STRATA_LISTEN=0.0.0.0:50051 \
    STRATA_METRICS_LISTEN=0.0.0.0:9464
# Nobody, who owns nothing; as the chart for Kubernetes has it.
USER 65534:65534
EXPOSE 50051 9464
# Loading models takes minutes, and counts as no failure.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10m \
    CMD ["strata", "health", "--timeout=4"]
ENTRYPOINT ["strata-server"]
