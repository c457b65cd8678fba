#!/bin/sh
# The sandbox from beginning to end: deploy, put and get, status, a change, teardown. It shows each command before it runs it.
# Needed: sftp-okta in the path (cargo install --locked --path .) and OpenSSH's sftp. Nothing outside this machine is called,
# and nothing outside a temporary folder is written to: the sandbox lives there too, and a sandbox of yours is left alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
export SFTP_OKTA_SANDBOX_FOLDER="$work/sandbox"
trap 'sftp-okta sandbox stop -q > stopped; rm -rf "$work"' EXIT
cd "$work"
cp "$here/sftp-okta.toml" .

run() {
    printf '$ %s\n' "$*"
    "$@"
    echo
}

# What a person types at sftp's prompts comes from here: the password from a script, the commands from a file.
sign_in() {
    printf '%s\n' "$@" > commands
    printf '$ sftp -P %s alice@127.0.0.1\n' "$port"
    SSH_ASKPASS="$work/password" SSH_ASKPASS_REQUIRE=force sftp -q -o BatchMode=no -o StrictHostKeyChecking=accept-new \
        -o UserKnownHostsFile="$work/known_hosts" -b commands -P "$port" alice@127.0.0.1
}
printf '#!/bin/sh\necho alice-password\n' > password
chmod +x password

run sftp-okta deploy --sandbox --yes
port=$(sftp-okta sandbox status | awk '$1 == "sftp" { sub(".*:", "", $2); print $2 }')

echo "all is well" > report.txt
sign_in "mkdir in" "put report.txt in/report.txt" "ls -1 in" "get in/report.txt copy.txt"
echo
run cat copy.txt

# Uploads are files in the sandbox's folder.
run cat sandbox/buckets/demo-files/home/alice@example.com/in/report.txt

run sftp-okta status --sandbox

# A change: what was read-write is read-only from now on.
echo '$ sed s/read-write/read-only/ sftp-okta.toml > read-only.toml'
sed s/read-write/read-only/ sftp-okta.toml > read-only.toml
run sftp-okta plan --sandbox --config read-only.toml
run sftp-okta deploy --sandbox --config read-only.toml --yes
sign_in "put report.txt in/again.txt" 2>&1 || echo "(sftp ended with exit code $?)"
echo

run sftp-okta teardown --sandbox --yes
run sftp-okta sandbox stop
