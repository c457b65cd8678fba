"""The service app's proof of itself, for handler.py: its key from Secrets Manager, and an assertion signed with it.

Python's own library cannot sign with RSA; `cryptography` is what its JWT libraries sign with too. The rest is done without
further libraries, which would have to be imported at each start.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import time
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

SERVICE = "secretsmanager"


def secret(arn):
    """The text of a secret: GetSecretValue, signed with AWS Signature Version 4."""
    region = arn.split(":")[3]
    endpoint = os.environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"https://{SERVICE}.{region}.amazonaws.com")
    endpoint = urlsplit(endpoint)
    body = json.dumps({"SecretId": arn}).encode()
    connect = http.client.HTTPSConnection if endpoint.scheme == "https" else http.client.HTTPConnection
    connection = connect(endpoint.netloc, timeout=10)
    connection.request("POST", "/", body, signed(endpoint.netloc, region, body))
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status != 200:
        raise OSError(f"Secrets Manager: {response.status}")
    return json.loads(answer)["SecretString"]


def signed(host, region, body):
    """The headers of a request to Secrets Manager."""
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": at,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": f"{SERVICE}.GetSecretValue",
    }
    lines, names = "".join(f"{name}:{value}\n" for name, value in headers.items()), ";".join(headers)
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{at[:8]}/{region}/{SERVICE}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
    return headers


def read_key(text):
    """A private RSA key from a JWK."""
    jwk = json.loads(text)
    names = ("p", "q", "d", "dp", "dq", "qi", "e", "n")
    numbers = {name: int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=="), "big") for name in names}
    public = RSAPublicNumbers(numbers.pop("e"), numbers.pop("n"))
    p, q, d, dmp1, dmq1, iqmp = numbers.values()
    private = RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, public)
    # As Node reads it: whether the factors are prime need not be tried for a key of one's own, and takes long.
    return private.private_key(unsafe_skip_rsa_key_validation=True)


def assertion(key, app, url):
    """A JWT that proves who asks for a token."""
    now = int(time.time())
    header = {"alg": "RS256", "kid": app["key_id"], "typ": "JWT"}
    claims = {"iss": app["client_id"], "sub": app["client_id"], "aud": url, "iat": now, "exp": now + 300}
    claims["jti"] = base64url(os.urandom(16))
    message = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{message}.{base64url(key.sign(message.encode(), PKCS1v15(), SHA256()))}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
