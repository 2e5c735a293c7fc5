#!/usr/bin/env bash
# Builds the image from the Dockerfile and runs it, without a registry and without a Docker daemon: on Debian,
# as root, with buildah, debootstrap and redis-server. The base image is a stand-in of the same kind, a minimal
# Debian with Node 24. Prints the size of the image, the time from start to ready, and the resident memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=${IMAGE_WORK:-/tmp/gatehouse-image}
suite=${IMAGE_SUITE:-bookworm}
port=${IMAGE_PORT:-15081}
mkdir -p "$work"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }

if ! buildah inspect --type image stand-in/node:24 >/dev/null 2>&1; then
  [[ -x $work/base/bin/sh ]] || debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$suite" "$work/base" >"$work/debootstrap.log"
  npm install --silent --no-audit --no-fund --prefix "$work/node" node@24
  base=$(buildah from scratch)
  buildah copy -q "$base" "$work/base" / >/dev/null
  buildah copy -q "$base" "$work/node/node_modules/node/bin/node" /usr/local/bin/node >/dev/null
  buildah copy -q "$base" "$(npm root -g)/npm" /usr/local/lib/node_modules/npm >/dev/null
  buildah run "$base" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  buildah run "$base" -- sh -c 'rm -rf /var/cache/apt /var/lib/apt/lists/* && useradd -u 1000 -m node'
  # Where a proxy stands between here and the registry, its certificate is one of the host's.
  buildah copy -q "$base" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt >/dev/null
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$base"
  buildah commit -q --rm "$base" stand-in/node:24 >/dev/null
fi

buildah bud -q --format docker --pull-never --build-arg NODE_IMAGE=stand-in/node:24 -t gatehouse . >"$work/build.log" 2>&1 || {
  tail -30 "$work/build.log"
  exit 1
}
size() { buildah images --format '{{.Size}}' "$1"; }
container=$(buildah from --pull-never gatehouse)
root=$(buildah mount "$container")
trap 'kill ${server:-} ${redis:-} 2>/dev/null; wait 2>/dev/null; buildah rm "$container" >/dev/null' EXIT
mib() { du -sm "$@" | awk '{ sum += $1 } END { print sum }'; }
echo "image        $(size gatehouse), of which the base $(size stand-in/node:24), /app $(mib "$root/app") MiB"
echo "not in it    $(ls -d "$root"/app/{src,test,node_modules/typescript,node_modules/tap} "$root"/usr/local/bin/npm "$root"/usr/bin/gcc 2>/dev/null | wc -l) of: sources, tests, development dependencies, npm, a compiler"

redis-server --port "$((port + 1))" --save '' --appendonly no >/dev/null &
redis=$!
printf 'JWT_SECRET=%s\nJWT_REFRESH_SECRET=%s\n' "$(openssl rand -base64 48)" "$(openssl rand -base64 48)" >"$work/secrets"
mapfile -t secrets <"$work/secrets"
rm "$work/secrets"

# With the entry point, the command and the user of the image; chroot knows no read-only root, so that nobody may
# write there is seen by the user's own eyes.
mapfile -t start < <(buildah inspect --type image --format \
  '{{range .Docker.Config.Entrypoint}}{{println .}}{{end}}{{range .Docker.Config.Cmd}}{{println .}}{{end}}' gatehouse)
user=$(buildah inspect --type image --format '{{.Docker.Config.User}}' gatehouse)
began=$(date +%s%N)
buildah run --user "$user" \
  --env "${secrets[0]}" --env "${secrets[1]}" --env "REDIS_URL=redis://127.0.0.1:$((port + 1))" \
  --env "PORT=$port" --env PUBLIC_URL=https://auth.example.com --env CLIENT_URLS=https://example.com \
  --env CLUSTER_WORKERS=1 "$container" -- "${start[@]}" >"$work/server.log" 2>&1 &
server=$!
until curl -sf "http://127.0.0.1:$port/health/ready" >/dev/null; do
  kill -0 "$server" 2>/dev/null || { tail -20 "$work/server.log"; exit 1; }
  sleep 0.02
done
echo "start        $((($(date +%s%N) - began) / 1000000)) ms to ready"
main=''
for folder in /proc/[0-9]*; do
  [[ $(tr '\0' ' ' <"$folder/cmdline" 2>/dev/null) == node\ *dist/src/main.js\  ]] || continue
  tr '\0' '\n' <"$folder/environ" 2>/dev/null | grep -qx "PORT=$port" && main=${folder#/proc/}
done
echo "memory       $(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$main/status") MiB resident, as user $(awk '/^Uid/ { print $2 }' "/proc/$main/status")"
buildah run --env "PORT=$port" "$container" -- node bin/healthcheck.js && echo "health       ok"
buildah run --env PORT=1 "$container" -- node bin/healthcheck.js >/dev/null 2>&1 || echo "health       says no where nobody listens"
written=$(find "$root" -xdev -user 1000 -newer "$work/build.log" -type f ! -path "$root/proc/*" ! -path "$root/sys/*" | wc -l)
echo "written      $written files by the server"
kill -TERM "$main"
wait "$server" && echo "stopped      with exit 0"
