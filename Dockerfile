# Build:  docker build -t ensemble .
# Run:    docker run -p 8080:8080 -v /etc/ensemble:/etc/ensemble:ro --env-file /etc/ensemble/ensemble.env ensemble
#
# deploy/compose.yaml runs it behind nginx; deploy/ensemble.yaml is a configuration to begin with.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:22-bookworm-slim
# ENSEMBLE_URL is where the operator's commands and the health check find the gateway of this container.
ENV NODE_ENV=production ENSEMBLE_URL=http://127.0.0.1:8080
WORKDIR /app
# For the state file: a volume takes its owner over from here.
RUN install -d -o node -g node /var/lib/ensemble
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
USER node
VOLUME ["/var/lib/ensemble"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.ENSEMBLE_URL + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["serve", "--config", "/etc/ensemble/ensemble.yaml"]
