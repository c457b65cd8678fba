"""Stops a server, waits, and says when AWS calls it ONLINE again; before that, what the SDK's waiter would pause."""

import sys
import time

import boto3

server = sys.argv[1]
transfer = boto3.client("transfer")


def until(state):
    while transfer.describe_server(ServerId=server)["Server"]["State"] != state:
        time.sleep(0.01)


print(transfer.get_waiter("server_online").config.delay, flush=True)
transfer.stop_server(ServerId=server)
until("OFFLINE")
print("offline", flush=True)
until("ONLINE")
print(time.time(), flush=True)
