#!/usr/bin/env bash
# debianServer.sh SUITE FOLDER: unpacks the nats-server of a Debian suite in FOLDER, for the architecture of this machine, and prints the path
# of the program. Nothing is installed. If it cannot be had, says so in one line, and fails.
#
# apt checks the signature of the suite's index, and the file against the index. It has settings, lists and archives of its own here.
set -euo pipefail
suite=$1

missing() {
  echo "no nats-server of Debian $suite: $1" >&2
  exit 1
}

for program in apt-get dpkg; do
  type "$program" >/dev/null 2>&1 || missing "there is no $program"
done
mkdir -p "$2/state/lists/partial" "$2/cache/archives/partial"
cd "$2"
echo "deb ${DEBIAN_MIRROR:-http://deb.debian.org/debian} $suite main" >sources.list
: >status
own=(
  -qq -o Dir::State="$PWD/state" -o Dir::State::status="$PWD/status" -o Dir::Cache="$PWD/cache"
  -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20
)
if ! { apt-get "${own[@]}" update && apt-get "${own[@]}" download nats-server; } >log 2>&1; then
  missing "$(grep -m 1 '^[EW]:' log || tail -n 1 log)"
fi
dpkg -x nats-server_*.deb unpacked
echo "$PWD/unpacked/usr/sbin/nats-server"
