#!/bin/sh
# Builds the image of a Bento, with BUILDER, or the first of docker, podman and buildah that works here:
#   deploy/image/build.sh BENTO NAME:TAG [option of `build` ...]
set -eu
bento=$1 name=$2
shift 2
case $name in
*/*) ;;
*) name=docker.io/library/$name ;; # as a kubelet reads it, where podman and buildah say localhost
esac
for builder in ${BUILDER:-docker podman buildah} none; do
    if "$builder" info >/dev/null 2>&1; then break; fi
done
case $("$builder" --version 2>/dev/null) in
'') echo "${BUILDER:-docker, podman or buildah} is needed" >&2; exit 1 ;;
Docker*) ;;
*) set -- --format docker "$@" ;; # OCI's own format has no health check; podman may be named docker
esac
exec "$builder" build --tag "$name" --file "$bento/env/docker/Dockerfile" "$@" "$bento"
