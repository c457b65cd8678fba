#!/bin/sh
# What operating a deployment looks like, in the sandbox: plan, a deploy that is interrupted and goes on, an update that fails,
# a change by hand that is found and put right, teardown. It shows each command before it runs it.
# Needed: sftp-okta in the path (cargo install --locked --path .) and the aws command line. Nothing outside this machine is
# called, and nothing outside a temporary folder is written to: the sandbox lives there too, and a sandbox of yours is left alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
export SFTP_OKTA_SANDBOX_FOLDER="$work/sandbox"
trap 'sftp-okta sandbox stop -q > stopped; rm -rf "$work"' EXIT
cd "$work"
cp "$here/../sandbox/sftp-okta.toml" .

# The story of each command goes to stderr, and is shown where it ends in an error.
run() {
    printf '$ %s\n' "$*"
    code=0
    "$@" 2> story || code=$?
    sed -n '/^error:/,$p' story
    cat story >&2
    [ "$code" = 0 ] || echo "(exit code $code)"
    echo
}

# Somebody presses Ctrl-C as soon as the stack is being made.
run_and_interrupt() {
    printf '$ %s\n' "$*"
    mkfifo told
    "$@" 2> told &
    code=0
    while IFS= read -r line; do
        printf '%s\n' "$line" >> story
        case $line in *"CREATE_IN_PROGRESS sftp-okta-demo"*) kill -INT $! ;; esac
    done < told
    wait $! || code=$?
    echo '^C'
    sed -n '/^error:/,$p' story
    cat story >&2
    echo "(exit code $code)"
    echo
}

# The sandbox anew, with something that fails, or without; what is deployed in it stays.
sandbox() {
    echo '$ sftp-okta sandbox stop -q > stopped'
    sftp-okta sandbox stop -q > stopped
    printf '$ %s > started\n' "sftp-okta sandbox start -q --detach${*:+ $*}"
    sftp-okta sandbox start -q --detach "$@" > started
    echo
}

run sftp-okta plan --sandbox

run_and_interrupt sftp-okta deploy --sandbox --yes
run sftp-okta deploy --sandbox --yes

# An update that fails: the credentials may not change roles.
sandbox --fail UpdateRole
printf '%s\n' '$ (cat sftp-okta.toml; echo "[tags]"; echo "team = \"data\"") > tagged.toml'
(cat sftp-okta.toml; echo "[tags]"; echo "team = \"data\"") > tagged.toml
run sftp-okta deploy --sandbox --config tagged.toml --yes

# The right was given; the same command again.
sandbox
run sftp-okta deploy --sandbox --config tagged.toml --yes

# Somebody changes the server and a log group by hand.
AWS_ENDPOINT_URL=$(sftp-okta sandbox status | awk '$1 == "endpoint" { print $2 }')
export AWS_ENDPOINT_URL AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_PAGER=
server=$(sftp-okta sandbox status | awk '$1 == "sftp" { print $3 }')
run aws transfer update-server --server-id "$server" --security-policy-name TransferSecurityPolicy-2018-11 --query ServerId
run aws logs put-retention-policy --log-group-name /aws/lambda/sftp-okta-demo --retention-in-days 1

run sftp-okta status --sandbox --config tagged.toml --drift

# A deploy puts the server right. What CloudFormation made is put right where it was changed.
run sftp-okta deploy --sandbox --config tagged.toml --yes
run aws logs put-retention-policy --log-group-name /aws/lambda/sftp-okta-demo --retention-in-days 90
run sftp-okta status --sandbox --config tagged.toml --drift

run sftp-okta teardown --sandbox --config tagged.toml --yes
run sftp-okta status --sandbox --config tagged.toml
