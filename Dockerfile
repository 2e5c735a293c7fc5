# The server, and nothing that built it. docs/operations.md says how to run it.
ARG NODE_IMAGE=node:24-trixie-slim

# What it needs to run, without what it needs to be built and tested.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY bin bin
COPY plugins plugins
COPY routes routes
COPY src src
RUN npm run build

FROM ${NODE_IMAGE}
# An init, so that whatever an instance starts is waited for; and no package manager for who breaks in.
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx \
    /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn*
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY bin/gatehouse.js bin/healthcheck.js bin/make-secrets.js bin/
# The only place to write to, for who mounts a volume there; the rest may be read-only.
RUN install -d -o 1000 -g 1000 /data
VOLUME /data
# Password hashes take threads of the pool that names of hosts are looked up with: there are to be enough.
ENV NODE_ENV=production UV_THREADPOOL_SIZE=16
USER 1000:1000
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "bin/healthcheck.js"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/src/main.js"]
