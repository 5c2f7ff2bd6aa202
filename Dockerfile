# Verbatim in a container, alone or as one node of a cluster (compose.yaml).
#
#   docker build -t verbatim .
#   docker run -d --name verbatim -p 127.0.0.1:8000:8000 -p 127.0.0.1:8080:8080 -v verbatim:/data verbatim serve --open-anyway
#
# In a container the server has to listen on every address, or no port could be published. Whoever may connect then
# depends on -p alone, so the image chooses nobody's mode: without an --auth, or an --open-anyway that is meant, it
# refuses to start and says so. docs/cluster.md has the ways to run it.

# Node 20.19 is the least that Verbatim runs on; its tests run this very release too.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# 1. The build, with the tools that it needs. No package's install script runs: each ships what it needs ready.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY src src
RUN node scripts/build.mjs

# 2. The packages that run, and no others.
FROM ${NODE_IMAGE} AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# 3. What is shipped.
FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Verbatim" \
      org.opencontainers.image.description="A self-hosted chat server" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    VERBATIM_DATA=/data \
    VERBATIM_TCP=0.0.0.0:8080 \
    VERBATIM_HTTP=0.0.0.0:8000
WORKDIR /app
COPY LICENSE package.json ./
COPY resources resources
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/dist dist
# The data folder belongs to the user that the server runs as: an empty volume takes owner and mode from here.
RUN install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 8000 8080
# Where the server speaks TLS itself, or HTTP is off or elsewhere, give another --health-cmd.
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/bin.js"]
CMD ["serve"]
