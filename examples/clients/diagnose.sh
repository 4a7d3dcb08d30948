#!/bin/sh
# `POST /diagnose` and its stream with curl, which waits and asks again where the server says so.
#
#     sh examples/clients/diagnose.sh http://localhost:3000 lesions/00003.png
set -eu
url=$1 picture=$2

# --fail-with-body: an error's JSON is printed too, and the command fails
curl --silent --show-error --fail-with-body --retry 5 --max-time 60 \
    --form "image=@$picture" --form references=3 "$url/diagnose"
echo

# --no-buffer: each event is shown when it comes
curl --silent --show-error --fail-with-body --no-buffer --form "image=@$picture" "$url/diagnose/stream"
