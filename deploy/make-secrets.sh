#!/bin/sh
# Makes the secret files that compose.yaml mounts, with a password of its own; never overwrites one.
set -eu

secrets="$(dirname "$0")/secrets"
umask 077
mkdir -p "$secrets"
if [ -e "$secrets/postgres_password" ]; then
    echo "$secrets has its files already; to change the password, see README.md" >&2
    exit 1
fi

password="$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
printf '%s' "$password" >"$secrets/postgres_password"
printf 'postgresql://fixwatch:%s@postgres:5432/fixwatch' "$password" >"$secrets/fixwatch_database_url"
# Containers read them as users of their own; on the host the directory keeps everybody else out.
chmod 0444 "$secrets/postgres_password" "$secrets/fixwatch_database_url"
echo "made $secrets/postgres_password and $secrets/fixwatch_database_url"
