"""What `sftp-okta status` asks, with boto3: whose credentials, the stack and its template, all servers."""

import json
import sys

import boto3

stack = sys.argv[1]
session = boto3.session.Session()
identity = session.client("sts").get_caller_identity()
cloudformation = session.client("cloudformation")
described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
template = cloudformation.get_template(StackName=described["StackId"], TemplateStage="Original")["TemplateBody"]
transfer = session.client("transfer")
servers = [
    transfer.describe_server(ServerId=row["ServerId"])["Server"]
    for page in transfer.get_paginator("list_servers").paginate()
    for row in page["Servers"]
]
json.dump(
    {
        "account": identity["Account"],
        "stack": described["StackStatus"],
        "template": len(template),
        "servers": [[server["ServerId"], server["State"]] for server in servers],
    },
    sys.stdout,
)
