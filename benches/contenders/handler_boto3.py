"""The handler, with what many functions load at start: the AWS SDK and one client, here of Secrets Manager.

With groups the service app's key is read with that client. A password needs none, and the client is loaded all the same.
"""

import boto3

import handler

SECRETS = boto3.client("secretsmanager")


def secret(arn):
    """The text of a secret."""
    return SECRETS.get_secret_value(SecretId=arn)["SecretString"]


if handler.APP:
    handler.service_app.secret = secret

handle = handler.handle
