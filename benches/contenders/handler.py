"""The identity provider of lambda/ once more: the same event, decision, answer and log line, in plain Python.

Written as one would for speed: nothing is imported that is not needed, one connection is kept, patterns are compiled
once. What the Rust function does beyond that is left out, in this handler's favour: refusing repeated keys in JSON (the
runtime parses the event before it gets here), wiping secrets from memory, counting failed tries, and asking again with a new
key or token when Okta takes the old one no more. The service app is imported only where the settings have one.
"""

import base64
import binascii
import http.client
import json
import os
import re
import sys
import time
from urllib.parse import unquote_to_bytes, urlsplit

RESOURCE = "/servers/{serverId}/users/{username}/config"
SERVER_ID = re.compile(r"s-[0-9a-f]{17}")
USER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{2,99}")
BAD_DOTS = re.compile(r"\.\.|\.@|@\.|\.$")
BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
OKTA_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
WILDCARDS = re.compile(r"[*?${}]")

LONGEST_PASSWORD = 1024
LONGEST_ANSWER = 64 * 1024
LONGEST_PAGE = 4 * 1024 * 1024
LONGEST_TEXT = 128
LONGEST_POLICY = 2048

OBJECT_ACTIONS = {
    "read-only": ["s3:GetObject", "s3:GetObjectVersion"],
    "write-only": ["s3:PutObject"],
    "read-write": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"],
}
STATES = {
    "MFA_REQUIRED": "mfa-required",
    "MFA_CHALLENGE": "mfa-challenge",
    "MFA_ENROLL": "mfa-enroll",
    "MFA_ENROLL_ACTIVATE": "mfa-enroll-activate",
    "PASSWORD_WARN": "password-warn",
    "PASSWORD_EXPIRED": "password-expired",
    "PASSWORD_RESET": "password-reset",
    "LOCKED_OUT": "locked-out",
    "RECOVERY": "recovery",
    "RECOVERY_CHALLENGE": "recovery-challenge",
    "UNAUTHENTICATED": "unauthenticated",
}
ERRORS = {
    "E0000004": "bad-credentials",
    "E0000207": "bad-credentials",
    "E0000011": "config",
    "E0000015": "config",
    "E0000047": "rate-limited",
    "E0000064": "password-expired",
    "E0000069": "locked-out",
    "E0000119": "locked-out",
}
STATUSES = {401: "bad-credentials", 404: "config", 405: "config", 410: "config", 429: "rate-limited"}
ERROR_REASONS = {"config", "service-app", "session-policy"}
WARN_REASONS = {
    "rate-limited",
    "okta-unavailable",
    "state-unknown",
    "session-token-missing",
    "event-malformed",
    "route-unknown",
}
RESPONSE_HEADERS = {"Cache-Control": "no-store", "Content-Type": "application/json"}


class Refused(Exception):
    """A sign-in that ends here, and why."""


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def start():
    """Everything that is made once: settings, role, connection."""
    with open(os.path.join(os.environ["LAMBDA_TASK_ROOT"], "settings.json"), encoding="utf-8") as file:
        settings = json.load(file)
    role = os.environ["USER_ROLE_ARN"]
    org = urlsplit(settings["okta"]["org_url"])
    context = None
    if org.scheme == "https" or "PREPARE_TLS" in os.environ:
        import ssl

        context = ssl.create_default_context()
    if org.scheme == "https":
        connection = http.client.HTTPSConnection(org.netloc, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(org.netloc, timeout=10)
    return settings, role, role.split(":")[1], context, connection


SETTINGS, ROLE, PARTITION, TLS, OKTA = start()
DEPLOYMENT = os.environ["DEPLOYMENT_NAME"]
APP = SETTINGS["okta"].get("service_app")
if APP:
    import service_app
# What is kept of the service app: its key, and its token with the time until which it is used.
KEPT = {"key": None, "token": None, "until": 0.0}
FORM = (
    "grant_type=client_credentials&scope=okta.users.read"
    "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
)


def the_one(single, multiple, named):
    """The one value of a header or parameter, which API Gateway tells twice."""
    alone = [value for name, value in (single or {}).items() if named(name) and value is not None]
    listed = [value for name, values in (multiple or {}).items() if named(name) for value in values or []]
    if len(alone) > 1 or len(listed) > 1 or (alone and listed and alone != listed):
        raise Refused("value-repeated")
    values = alone or listed
    return values[0] if values else None


def query(event, name):
    return the_one(
        event.get("queryStringParameters"), event.get("multiValueQueryStringParameters"), lambda given: given == name
    )


def header(event, name):
    return the_one(event.get("headers"), event.get("multiValueHeaders"), lambda given: given.lower() == name)


def percent_decode(text):
    if BAD_PERCENT.search(text):
        return None
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None


def canonical(typed):
    """One spelling for one person."""
    domain = SETTINGS["okta"]["login_domain"]
    if not USER_NAME.fullmatch(typed) or BAD_DOTS.search(typed):
        raise Refused("user-name-malformed")
    name = typed.lower()
    _, at, given = name.partition("@")
    if name == "root" or "@" in given or (at and not given):
        raise Refused("user-name-malformed")
    if domain is not None:
        if at and given != domain:
            raise Refused("user-name-other-domain")
        if not at:
            name = f"{name}@{domain}"
    if len(name) > 100:
        raise Refused("user-name-malformed")
    return name


def password_of(event):
    encoded, plain = header(event, "passwordbase64"), header(event, "password")
    if encoded is not None:
        if len(encoded) > (LONGEST_PASSWORD + 2) // 3 * 4:
            raise Refused("password-too-long")
        try:
            password = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise Refused("password-encoding") from None
    elif plain is not None:
        password = plain
    else:
        return None
    if not password:
        return None
    if len(password.encode()) > LONGEST_PASSWORD:
        raise Refused("password-too-long")
    if not password.strip():
        raise Refused("password-missing")
    return password


def ask_okta(login, password, line):
    """One request for one sign-in; returns the reason, and Okta's id of the user."""
    body = compact(
        {
            "username": login,
            "password": password,
            "options": {"multiOptionalFactorEnroll": False, "warnBeforePasswordExpired": False},
        }
    ).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "sftp-okta/0.1.0"}
    status, told = exchange("POST", "/api/v1/authn", body, headers, LONGEST_ANSWER, line)
    line["okta_status"] = status
    if status == 200:
        if not isinstance(told, dict):
            line["detail"] = "not-json"
            return "okta-unavailable", None
        return judge(told, login)
    told = told if isinstance(told, dict) else {}
    code, error_id = told.get("errorCode"), told.get("errorId")
    line["okta_error_code"] = code if isinstance(code, str) and OKTA_ID.fullmatch(code) else None
    line["okta_error_id"] = error_id if isinstance(error_id, str) and OKTA_ID.fullmatch(error_id) else None
    reason = ERRORS.get(code) or STATUSES.get(status) or ("okta-refused" if 400 <= status < 500 else "okta-unavailable")
    if reason == "okta-unavailable":
        line["detail"] = "status"
    return reason, None


def exchange(method, path, body, headers, longest, line):
    """A request and its whole answer: the status, and what JSON it holds."""
    begin = time.monotonic()
    line["okta_calls"] += 1
    try:
        OKTA.request(method, path, body, headers)
        response = OKTA.getresponse()
        answer = response.read(longest + 1)
    except (OSError, http.client.HTTPException):
        OKTA.close()
        line["detail"] = "interrupted"
        raise Refused("okta-unavailable") from None
    finally:
        line["okta_time"] += time.monotonic() - begin
    line["okta_request_id"] = printable(response.getheader("X-Okta-Request-Id"))
    if len(answer) > longest:
        OKTA.close()
        line["detail"] = "too-long"
        raise Refused("okta-unavailable")
    if 300 <= response.status < 400:
        line["detail"] = "redirect"
        raise Refused("okta-unavailable")
    media_type = (response.getheader("Content-Type") or "").split(";")[0].strip().lower()
    try:
        return response.status, json.loads(answer) if media_type == "application/json" else None
    except ValueError:
        return response.status, None


def token(line):
    """The service app's token: the kept one, or a new one."""
    if time.time() < KEPT["until"]:
        return KEPT["token"]
    try:
        KEPT["key"] = KEPT["key"] or service_app.read_key(service_app.secret(APP["private_key_secret"]))
    except Exception:
        line["detail"] = "secret"
        raise Refused("service-app") from None
    path = "/oauth2/v1/token"
    body = FORM + service_app.assertion(KEPT["key"], APP, SETTINGS["okta"]["org_url"] + path)
    content_type = "application/x-www-form-urlencoded"
    headers = {"Accept": "application/json", "Content-Type": content_type, "User-Agent": "sftp-okta/0.1.0"}
    status, told = exchange("POST", path, body, headers, LONGEST_ANSWER, line)
    if status != 200 or not isinstance(told, dict) or not isinstance(told.get("access_token"), str):
        line["detail"] = "token"
        raise Refused("service-app")
    KEPT.update(token=told["access_token"], until=time.time() + told["expires_in"] - 60)
    return KEPT["token"]


def groups_of(okta_id, line):
    """Names and ids of the user's groups, by the service app. One page holds them all, or the sign-in ends."""
    authorization = f"Bearer {token(line)}"
    headers = {"Accept": "application/json", "Authorization": authorization, "User-Agent": "sftp-okta/0.1.0"}
    status, told = exchange("GET", f"/api/v1/users/{okta_id}/groups", None, headers, LONGEST_PAGE, line)
    if status != 200 or not isinstance(told, list):
        line["detail"] = "scope" if status == 403 else "not-json"
        raise Refused("service-app")
    return {name for group in told for name in (group["id"], group["profile"]["name"])}


def rule_of(okta_id, line):
    """The first rule that means the user. Groups are asked for when a rule needs them."""
    groups = None
    for number, rule in enumerate(SETTINGS["access"]):
        wanted = rule.get("groups")
        if wanted:
            if groups is None:
                groups = groups_of(okta_id, line)
            if groups.isdisjoint(wanted):
                continue
        line["rule"] = number
        return rule
    raise Refused("no-rule")


def judge(told, login):
    """Only SUCCESS with a session token, for the login that was asked for, is a sign-in."""
    if told.get("status") != "SUCCESS":
        return STATES.get(told.get("status"), "state-unknown"), None
    token = told.get("sessionToken")
    if not isinstance(token, str) or not token.strip():
        return "session-token-missing", None
    try:
        user = told["_embedded"]["user"]
        profile_login, okta_id = user["profile"]["login"], user.get("id")
    except (KeyError, TypeError):
        return "login-mismatch", None
    same = isinstance(profile_login, str) and profile_login.lower() == login
    return ("ok", okta_id) if same else ("login-mismatch", None)


def user_config(login, rule):
    bucket = SETTINGS["bucket"]
    home = rule["home"].replace("{bucket}", bucket).replace("{login}", login).replace("{user}", login.partition("@")[0])
    prefix = home[len(bucket) + 2 :]
    if WILDCARDS.search(home):
        raise Refused("session-policy")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": f"arn:{PARTITION}:s3:::{bucket}",
                "Condition": {"StringLike": {"s3:prefix": [prefix, f"{prefix}/", f"{prefix}/*"]}},
            },
            {
                "Effect": "Allow",
                "Action": OBJECT_ACTIONS[rule["permissions"]],
                "Resource": f"arn:{PARTITION}:s3:::{bucket}/{prefix}/*",
            },
        ],
    }
    policy = compact(policy)
    if len(policy) > LONGEST_POLICY:
        raise Refused("session-policy")
    return {
        "Role": ROLE,
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryDetails": compact([{"Entry": "/", "Target": home}]),
        "Policy": policy,
    }


def printable(text):
    if text is None:
        return None
    if not (text.isascii() and text.isprintable()):
        escaped = (c if " " <= c <= "~" else f"\\u{{{ord(c):x}}}" for c in text[:LONGEST_TEXT])
        return "".join(escaped) + ("..." if len(text) > LONGEST_TEXT else "")
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "..."


def decide(event, line):
    if not isinstance(event, dict) or not isinstance(event.get("httpMethod"), str):
        raise Refused("event-malformed")
    parameters = event.get("pathParameters") or {}
    name, server_id = parameters.get("username"), parameters.get("serverId")
    decoded = percent_decode(name) if name is not None else None
    line["login"] = printable(name if decoded is None else decoded)
    line["server_id"] = printable(server_id)
    for key, parameter in (("source_ip", "sourceIp"), ("protocol", "protocol")):
        try:
            line[key] = printable(query(event, parameter))
        except Refused:
            pass

    if event["httpMethod"] != "GET" or event.get("resource", RESOURCE) != RESOURCE or server_id is None:
        raise Refused("route-unknown")
    if not SERVER_ID.fullmatch(server_id):
        raise Refused("server-id-malformed")
    if query(event, "protocol") != "SFTP":
        raise Refused("protocol-not-sftp")
    query(event, "sourceIp")
    if name is None:
        raise Refused("route-unknown")
    if decoded is None:
        raise Refused("user-name-malformed")
    login = canonical(decoded)
    password = password_of(event)
    line["login"] = login
    line["method"] = "public-key" if password is None else "password"
    if password is None:
        raise Refused("key-probe")

    reason, okta_id = ask_okta(login, password, line)
    if reason != "ok":
        raise Refused(reason)
    return user_config(login, rule_of(okta_id, line))


def metrics(line, reason, elapsed, okta_time):
    """The members of the line that make it metrics, in CloudWatch's embedded metric format."""
    is_password = line["method"] != "public-key"
    refused = int(reason != "ok")
    if is_password:
        values = {"SignIns": 1, "Refusals": refused, "SignInLatency": round(elapsed * 1e3, 3)}
    else:
        values = {"KeyProbes": 1, "KeysGiven": 1 - refused}
    if line["okta_calls"]:
        values.update(OktaCalls=line["okta_calls"], OktaLatency=round(okta_time * 1e3, 3))
    values["OktaUnavailable"] = int(reason == "okta-unavailable")
    values["OktaRateLimited"] = int(reason == "rate-limited")
    values["Throttles"] = 0
    values["ConfigurationErrors"] = int(reason in ERROR_REASONS)
    names = [{"Name": name, "Unit": "Milliseconds" if name.endswith("Latency") else "Count"} for name in values]
    directives = [{"Namespace": "sftp-okta", "Dimensions": [["DeploymentName"]], "Metrics": names}]
    if is_password and refused:
        by_reason = {"Namespace": "sftp-okta", "Dimensions": [["DeploymentName", "Reason"]]}
        directives.append({**by_reason, "Metrics": [{"Name": "Refusals", "Unit": "Count"}]})
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}
    return {"DeploymentName": DEPLOYMENT, "Reason": reason, **values, "_aws": aws}


def handle(event, _context):
    begin = time.monotonic()
    line = {"method": None, "login": None, "source_ip": None, "protocol": None, "server_id": None}
    line.update(okta_calls=0, okta_time=0.0, okta_request_id=None, okta_error_code=None, okta_error_id=None)
    try:
        body, reason = compact(decide(event, line)), "ok"
    except Refused as refused:
        body, reason = "{}", str(refused)
    level = "ERROR" if reason in ERROR_REASONS else "WARN" if reason in WARN_REASONS else "INFO"
    decision = "accepted" if reason == "ok" else "refused"
    line = {"level": level, "event": "sign-in", "decision": decision, "reason": reason, **line}
    okta_time, elapsed = line.pop("okta_time"), time.monotonic() - begin
    line["ms"] = int(elapsed * 1000)
    line.update(metrics(line, reason, elapsed, okta_time))
    sys.stdout.write(compact(line) + "\n")
    return {"statusCode": 200, "headers": RESPONSE_HEADERS, "body": body, "isBase64Encoded": False}
