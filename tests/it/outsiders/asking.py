"""Calls of AWS's own SDK, each answer looked at, and calls that must fail."""

import sys
import time

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from answers import look

QUICK = {"Delay": 0.1, "MaxAttempts": 300}
session = botocore.session.get_session()


def client(service, **keys):
    made = session.create_client(service, config=Config(retries={"total_max_attempts": 1}), **keys)
    made.meta.events.register("after-call", look)
    return made


def refused(code, status, call, **arguments):
    """A call that must fail, in its service's own words."""
    try:
        call(**arguments)
    except ClientError as error:
        told, metadata = error.response["Error"], error.response["ResponseMetadata"]
        assert (told["Code"], metadata["HTTPStatusCode"]) == (code, status), error.response
        assert told.get("Message") or status == 404, error.response
        assert metadata.get("RequestId") or metadata["HTTPHeaders"].get("x-amz-request-id"), error.response
        return
    sys.exit(f"{call.__name__} was to fail with {code}")


def wait(service, name, **arguments):
    service.get_waiter(name).wait(WaiterConfig=QUICK, **arguments)


def until(text, look_for):
    for _ in range(100):
        found = look_for()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(f"{text} did not come")
