"""The handler, with what many functions also load at start: the AWS SDK and one client, here of Secrets Manager."""

import boto3

from handler import handle

SECRETS = boto3.client("secretsmanager")

__all__ = ["handle"]
