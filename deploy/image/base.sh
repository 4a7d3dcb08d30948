#!/bin/sh
# Makes a base image of Debian's packages alone, where no image registry can be reached:
#   deploy/image/base.sh NAME
# It needs root, buildah, and mmdebstrap, which takes them from where this machine does.
set -eu
name=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# shellcheck disable=SC2046 # no file there has a space in its name
mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$root/tree" \
    $(find /etc/apt -path '*/sources.list' -o -path '*.d/*.list' -o -path '*.d/*.sources')
rm -rf "$root"/tree/etc/apt/sources.list* "$root"/tree/etc/apt/apt.conf.d/99mmdebstrap
container=$(buildah from scratch)
buildah add --quiet "$container" "$root/tree" / >/dev/null
buildah commit --quiet --rm "$container" "$name" >/dev/null
