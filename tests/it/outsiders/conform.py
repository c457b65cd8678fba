"""Holds every answer of the sandbox against botocore's own service models, strictly.

botocore itself overlooks what it does not know. Here each raw answer is walked along the model of its operation: an element
or member the model does not have, one that comes twice, a required one that is missing, and a value that is not of its type,
not one of its enum or not of its pattern all end the run with exit code 1.

usage: conform.py TEMPLATE ZIP OKTA_PASSWORD
"""

import datetime
import json
import re
import sys
import time
import xml.etree.ElementTree as ElementTree

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

TEMPLATE, ZIP, PASSWORD = sys.argv[1:]
STACK, ARTIFACTS = "outsiders", "outsiders-artifacts"
QUICK = {"Delay": 0.1, "MaxAttempts": 300}
problems, checked = [], []


# --- Answers against the model ---------------------------------------------------------------------------------------

# What AWS sends although its own model does not have it: the event of a stack that is made by a change set.
BEYOND_THE_MODEL = {("ResourceStatus", "REVIEW_IN_PROGRESS")}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def scalar(shape, value, path):
    """A value as text (XML) or as JSON has it."""
    kind = shape.type_name
    if kind == "string" or kind == "char":
        if not isinstance(value, str):
            return problems.append(f"{path}: {value!r} is no string")
        if shape.enum and value not in shape.enum and (path.rsplit(".", 1)[-1], value) not in BEYOND_THE_MODEL:
            problems.append(f"{path}: {value!r} is none of {shape.enum}")
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if (least is not None and len(value) < least) or (most is not None and len(value) > most):
            problems.append(f"{path}: the length of {value!r} is not within {least}..{most}")
        pattern = shape.metadata.get("pattern")
        try:
            fits = pattern is None or re.search(f"^(?:{pattern})$", value, re.DOTALL)
        except re.error:  # Java's classes, such as \p{Print}
            fits = True
        if not fits:
            problems.append(f"{path}: {value!r} does not fit {pattern}")
    elif kind in ("integer", "long"):
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
            problems.append(f"{path}: {value!r} is no whole number")
    elif kind in ("float", "double"):
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", str(value)):
            problems.append(f"{path}: {value!r} is no number")
    elif kind == "boolean":
        if value not in (True, False, "true", "false") or isinstance(value, int) and not isinstance(value, bool):
            problems.append(f"{path}: {value!r} is no boolean")
    elif kind == "timestamp":
        form = shape.serialization.get("timestampFormat")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return None
        if form == "rfc822":
            try:
                datetime.datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT")
            except ValueError:
                problems.append(f"{path}: {value!r} is no date of HTTP")
        elif not ISO.fullmatch(str(value)):
            problems.append(f"{path}: {value!r} is no time")
    elif kind != "blob":
        problems.append(f"{path}: the model has a {kind} here")
    return None


def json_value(shape, value, path):
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return problems.append(f"{path}: {value!r} is no object")
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        for name, inner in value.items():
            if name not in names:
                problems.append(f"{path}: {name} is unknown to the model")
            elif inner is not None:
                json_value(names[name][1], inner, f"{path}.{name}")
        required = {shape.members[name].serialization.get("name", name) for name in shape.required_members}
        for name in sorted(required):
            if value.get(name) is None:
                problems.append(f"{path}: {name} is missing")
    elif kind == "list":
        if not isinstance(value, list):
            return problems.append(f"{path}: {value!r} is no list")
        for number, inner in enumerate(value):
            json_value(shape.member, inner, f"{path}[{number}]")
    elif kind == "map":
        if not isinstance(value, dict):
            return problems.append(f"{path}: {value!r} is no map")
        for name, inner in value.items():
            json_value(shape.value, inner, f"{path}[{name!r}]")
    else:
        scalar(shape, value, path)
    return None


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def element_name(name, shape):
    """How a member's element is called; a flattened list's element is called as its members are."""
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return shape.serialization.get("name") or shape.member.serialization.get("name") or name
    return shape.serialization.get("name", name)


def xml_structure(shape, elements, path):
    names = {
        element_name(name, member): (name, member)
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
    seen = {}
    for element in elements:
        seen.setdefault(local(element), []).append(element)
    for found, same in seen.items():
        if found not in names:
            problems.append(f"{path}: <{found}> is unknown to the model")
            continue
        member = names[found][1]
        if member.type_name == "list" and member.serialization.get("flattened"):
            for number, element in enumerate(same):
                xml_value(member.member, element, f"{path}.{found}[{number}]")
            continue
        if len(same) > 1:
            problems.append(f"{path}: <{found}> comes {len(same)} times")
        xml_value(member, same[0], f"{path}.{found}")
    for name in shape.required_members:
        member = shape.members[name]
        if "location" not in member.serialization and element_name(name, member) not in seen:
            problems.append(f"{path}: <{element_name(name, member)}> is missing")


def xml_value(shape, element, path):
    kind = shape.type_name
    if kind == "structure":
        if (element.text or "").strip():
            problems.append(f"{path}: the text {element.text!r} is not expected here")
        xml_structure(shape, list(element), path)
    elif kind == "list":
        wanted = shape.member.serialization.get("name", "member")
        for number, inner in enumerate(element):
            if local(inner) != wanted:
                problems.append(f"{path}: <{local(inner)}> stands in place of <{wanted}>")
            xml_value(shape.member, inner, f"{path}[{number}]")
    elif len(element):
        problems.append(f"{path}: <{local(element[0])}> stands where a value should be")
    else:
        scalar(shape, element.text or "", path)


def query_answer(model, body, path):
    root = ElementTree.fromstring(body)
    wanted = f"{{{model.service_model.metadata['xmlNamespace']}}}{model.name}Response"
    if root.tag != wanted:
        problems.append(f"{path}: the answer is <{root.tag}>, not <{wanted}>")
    wrapper = (model.output_shape and model.output_shape.serialization.get("resultWrapper")) or None
    parts = {local(part): part for part in root}
    if set(parts) - {"ResponseMetadata", wrapper}:
        problems.append(f"{path}: {sorted(parts)} in place of {wrapper} and ResponseMetadata")
    if "ResponseMetadata" not in parts or [local(part) for part in parts["ResponseMetadata"]] != ["RequestId"]:
        problems.append(f"{path}: no request id")
    if wrapper and wrapper not in parts:
        problems.append(f"{path}: no <{wrapper}>")
    elif wrapper:
        xml_structure(model.output_shape, list(parts[wrapper]), path)


# What S3 adds to every answer, and HTTP itself.
OF_HTTP = {
    "connection", "content-length", "content-type", "date", "server", "transfer-encoding", "location",
    "x-amz-id-2", "x-amz-request-id", "x-amz-bucket-region",
}


def rest_answer(model, body, headers, path):
    shape = model.output_shape
    known = set()
    if shape is None:
        if body.strip():
            problems.append(f"{path}: a body, where the model has none: {body[:200]!r}")
        return
    for name, member in shape.members.items():
        header = member.serialization.get("name", name).lower()
        place = member.serialization.get("location")
        if place == "headers":
            known |= {found for found in headers if found.startswith(header)}
        elif place == "header":
            known.add(header)
            if header in headers:
                scalar_of_header(member, headers[header], f"{path}.{name}")
    for unknown in sorted(set(headers) - known - OF_HTTP):
        problems.append(f"{path}: the header {unknown} is unknown to the model")
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name != "structure":
        return
    elements = [member for member in shape.members.values() if "location" not in member.serialization]
    if not body.strip():
        if payload or (elements and model.http["method"] == "GET"):
            problems.append(f"{path}: no body")
        return
    root = ElementTree.fromstring(body)
    if not root.tag.startswith("{http://s3.amazonaws.com/doc/2006-03-01/}"):
        problems.append(f"{path}: <{root.tag}> is not of S3's namespace")
    if payload:
        shape = shape.members[payload]
    wanted = {
        "ListBuckets": "ListAllMyBucketsResult", "ListObjectsV2": "ListBucketResult", "ListObjects": "ListBucketResult",
        "CopyObject": "CopyObjectResult", "CreateMultipartUpload": "InitiateMultipartUploadResult",
        "CompleteMultipartUpload": "CompleteMultipartUploadResult", "ListParts": "ListPartsResult",
        "DeleteObjects": "DeleteResult", "GetBucketTagging": "Tagging", "ListMultipartUploads": "ListMultipartUploadsResult",
        "GetBucketVersioning": "VersioningConfiguration", "GetBucketEncryption": "ServerSideEncryptionConfiguration",
        "GetPublicAccessBlock": "PublicAccessBlockConfiguration", "GetBucketOwnershipControls": "OwnershipControls",
        "GetBucketLocation": "LocationConstraint", "UploadPartCopy": "CopyPartResult",
    }.get(model.name)
    if wanted and local(root) != wanted:
        problems.append(f"{path}: the answer is <{local(root)}>, not <{wanted}>")
    if model.name != "GetBucketLocation":
        xml_structure(shape, list(root), path)


def scalar_of_header(shape, value, path):
    if shape.type_name == "timestamp":
        try:
            datetime.datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT")
        except ValueError:
            problems.append(f"{path}: {value!r} is no date of HTTP")
    else:
        scalar(shape, value, path)


def look(http_response, parsed, model, **_):
    """Runs after every answer that botocore has parsed."""
    service = model.service_model
    path = f"{service.service_name}:{model.name}"
    protocol = service.metadata["protocol"]
    if http_response.status_code >= 300:
        return
    checked.append(path)
    if protocol == "json":
        if not http_response.headers.get("content-type", "").startswith("application/x-amz-json-1."):
            problems.append(f"{path}: content type {http_response.headers.get('content-type')}")
        if model.output_shape is not None:
            json_value(model.output_shape, json.loads(http_response.content or b"{}"), path)
        elif http_response.content.strip() not in (b"", b"{}"):
            problems.append(f"{path}: a body, where the model has none")
    elif protocol == "query":
        query_answer(model, http_response.content, path)
    elif model.has_streaming_output:
        rest_answer(model, b"", {name.lower(): value for name, value in http_response.headers.items()}, path)
    else:
        headers = {name.lower(): value for name, value in http_response.headers.items()}
        rest_answer(model, http_response.content, headers, path)
    if problems:
        sys.exit("\n".join(problems))


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


# --- Every operation the deployer uses, and those a person would ----------------------------------------------------

sts, iam, logs = client("sts"), client("iam"), client("logs")
s3, cloudformation, transfer = client("s3"), client("cloudformation"), client("transfer")

assert sts.get_caller_identity()["Account"] == "000000000000"

# S3
refused("404", 404, s3.head_bucket, Bucket=ARTIFACTS)
s3.create_bucket(Bucket=ARTIFACTS)
wait(s3, "bucket_exists", Bucket=ARTIFACTS)
s3.put_bucket_encryption(
    Bucket=ARTIFACTS,
    ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
)
s3.put_public_access_block(
    Bucket=ARTIFACTS,
    PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True,
    },
)
s3.put_bucket_ownership_controls(Bucket=ARTIFACTS, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
s3.put_bucket_tagging(Bucket=ARTIFACTS, Tagging={"TagSet": [{"Key": "who", "Value": "outsiders"}]})
assert s3.get_bucket_tagging(Bucket=ARTIFACTS)["TagSet"] == [{"Key": "who", "Value": "outsiders"}]
s3.put_bucket_policy(Bucket=ARTIFACTS, Policy='{"Version":"2012-10-17","Statement":[]}')
assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [ARTIFACTS]
key = "outsiders/" + "0" * 64 + ".zip"
with open(ZIP, "rb") as code:
    s3.put_object(Bucket=ARTIFACTS, Key=key, Body=code, ContentType="application/zip", Metadata={"made": "here"})
wait(s3, "object_exists", Bucket=ARTIFACTS, Key=key)
assert s3.head_object(Bucket=ARTIFACTS, Key=key)["Metadata"] == {"made": "here"}
with open(ZIP, "rb") as code:
    assert s3.get_object(Bucket=ARTIFACTS, Key=key)["Body"].read() == code.read()
refused("PreconditionFailed", 412, s3.put_object, Bucket=ARTIFACTS, Key=key, Body=b"", IfNoneMatch="*")
refused("NoSuchKey", 404, s3.get_object, Bucket=ARTIFACTS, Key="none")
refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket="nobody-made-this")
s3.copy_object(Bucket=ARTIFACTS, Key="copy", CopySource={"Bucket": ARTIFACTS, "Key": key})
upload = s3.create_multipart_upload(Bucket=ARTIFACTS, Key="large")["UploadId"]
parts = [
    {"PartNumber": number, "ETag": s3.upload_part(Bucket=ARTIFACTS, Key="large", UploadId=upload, PartNumber=number, Body=body)["ETag"]}
    for number, body in ((1, b"a" * 5 * 1024 * 1024), (2, b"end"))
]
assert len(s3.list_parts(Bucket=ARTIFACTS, Key="large", UploadId=upload)["Parts"]) == 2
assert len(s3.list_multipart_uploads(Bucket=ARTIFACTS)["Uploads"]) == 1
s3.complete_multipart_upload(Bucket=ARTIFACTS, Key="large", UploadId=upload, MultipartUpload={"Parts": parts})
assert s3.head_object(Bucket=ARTIFACTS, Key="large")["ContentLength"] == 5 * 1024 * 1024 + 3
abandoned = s3.create_multipart_upload(Bucket=ARTIFACTS, Key="large")["UploadId"]
s3.abort_multipart_upload(Bucket=ARTIFACTS, Key="large", UploadId=abandoned)
refused("NoSuchUpload", 404, s3.list_parts, Bucket=ARTIFACTS, Key="large", UploadId=abandoned)
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=ARTIFACTS, PaginationConfig={"PageSize": 1})
assert [found["Key"] for page in pages for found in page["Contents"]] == ["copy", "large", key]
assert s3.list_objects_v2(Bucket=ARTIFACTS, Delimiter="/")["CommonPrefixes"] == [{"Prefix": "outsiders/"}]
s3.delete_object(Bucket=ARTIFACTS, Key="copy")
s3.delete_objects(Bucket=ARTIFACTS, Delete={"Objects": [{"Key": "large"}]})
wait(s3, "object_not_exists", Bucket=ARTIFACTS, Key="large")
refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=ARTIFACTS)

# CloudFormation
with open(TEMPLATE, encoding="utf-8") as file:
    template = file.read()
cloudformation.validate_template(TemplateBody=template)
cloudformation.get_template_summary(TemplateBody=template)
refused("ValidationError", 400, cloudformation.describe_stacks, StackName=STACK)
refused("ValidationError", 400, cloudformation.describe_stack_events, StackName=STACK)
parameters = {
    "DeploymentName": STACK, "ArtifactBucket": ARTIFACTS, "ArtifactKey": key, "BucketName": "outsiders-files", "CreateBucket": "true",
}
change_set = {
    "StackName": STACK,
    "TemplateBody": template,
    "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    "Tags": [{"Key": "who", "Value": "outsiders"}],
}
refused(
    "InsufficientCapabilitiesException", 400, cloudformation.create_change_set, ChangeSetName="first", ChangeSetType="CREATE",
    **change_set,
)
change_set["Capabilities"] = ["CAPABILITY_NAMED_IAM"]
cloudformation.create_change_set(ChangeSetName="first", ChangeSetType="CREATE", **change_set)
wait(cloudformation, "change_set_create_complete", StackName=STACK, ChangeSetName="first")
assert cloudformation.describe_change_set(StackName=STACK, ChangeSetName="first")["Changes"]
assert len(cloudformation.list_change_sets(StackName=STACK)["Summaries"]) == 1
cloudformation.execute_change_set(StackName=STACK, ChangeSetName="first")
cloudformation.describe_stacks(StackName=STACK)
wait(cloudformation, "stack_create_complete", StackName=STACK)
wait(cloudformation, "stack_exists", StackName=STACK)
stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
events = [
    event
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK)
    for event in page["StackEvents"]
]
assert {event["ResourceStatus"] for event in events} == {"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"}
rows = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
assert len(cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]) == len(rows)
cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=rows[0]["LogicalResourceId"])
assert STACK in [summary["StackName"] for summary in cloudformation.list_stacks()["StackSummaries"]]
assert cloudformation.get_template(StackName=STACK)["TemplateBody"]
cloudformation.create_change_set(ChangeSetName="again", **change_set)
try:
    wait(cloudformation, "change_set_create_complete", StackName=STACK, ChangeSetName="again")
    sys.exit("a change set without changes was complete")
except Exception as error:  # botocore's WaiterError: the change set failed, as it should
    assert "terminal failure" in str(error), error
reason = cloudformation.describe_change_set(StackName=STACK, ChangeSetName="again")["StatusReason"]
assert "didn't contain changes" in reason, reason
cloudformation.delete_change_set(StackName=STACK, ChangeSetName="again")
refused("ChangeSetNotFound", 404, cloudformation.describe_change_set, StackName=STACK, ChangeSetName="again")
change_set["Parameters"].append({"ParameterKey": "ThrottlingRateLimit", "ParameterValue": "21"})
cloudformation.update_stack(**change_set)
wait(cloudformation, "stack_update_complete", StackName=STACK)
refused("ValidationError", 400, cloudformation.update_stack, **change_set)

# IAM
role = outputs["TransferIdentityProviderRole"].rsplit("/", 1)[-1]
assert iam.get_role(RoleName=role)["Role"]["Arn"] == outputs["TransferIdentityProviderRole"]
wait(iam, "role_exists", RoleName=role)
assert role in [found["RoleName"] for page in iam.get_paginator("list_roles").paginate() for found in page["Roles"]]
for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
    assert iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
iam.list_attached_role_policies(RoleName=role)
refused("NoSuchEntity", 404, iam.get_role, RoleName="nobody")

# Transfer
refused("ResourceNotFoundException", 400, transfer.describe_server, ServerId="s-00000000000000000")
server = transfer.create_server(
    IdentityProviderType="API_GATEWAY",
    IdentityProviderDetails={
        "Url": outputs["TransferIdentityProviderUrl"], "InvocationRole": outputs["TransferIdentityProviderRole"],
    },
    LoggingRole=outputs["TransferSFTPCloudWatchLogsWriteLogs"],
    Tags=[{"Key": "who", "Value": "outsiders"}],
)["ServerId"]
transfer.describe_server(ServerId=server)
wait(transfer, "server_online", ServerId=server)
found = transfer.describe_server(ServerId=server)["Server"]
assert [row["ServerId"] for page in transfer.get_paginator("list_servers").paginate() for row in page["Servers"]] == [server]
transfer.tag_resource(Arn=found["Arn"], Tags=[{"Key": "more", "Value": "1"}])
transfer.untag_resource(Arn=found["Arn"], TagKeys=["more"])
assert transfer.list_tags_for_resource(Arn=found["Arn"])["Tags"] == [{"Key": "who", "Value": "outsiders"}]
transfer.update_server(ServerId=server, SecurityPolicyName="TransferSecurityPolicy-2025-03")
policies = transfer.list_security_policies()["SecurityPolicyNames"]
transfer.describe_security_policy(SecurityPolicyName=policies[0])
for host_key in transfer.list_host_keys(ServerId=server)["HostKeys"]:
    transfer.describe_host_key(ServerId=server, HostKeyId=host_key["HostKeyId"])
right = transfer.test_identity_provider(ServerId=server, UserName="alice", UserPassword=PASSWORD, SourceIp="203.0.113.9")
assert right["StatusCode"] == 200 and '"Role"' in right["Response"], right
refusal = transfer.test_identity_provider(ServerId=server, UserName="alice", UserPassword="no", SourceIp="203.0.113.9")
assert refusal["StatusCode"] == 200 and refusal["Response"] == "{}", refusal
transfer.stop_server(ServerId=server)
wait(transfer, "server_offline", ServerId=server)
transfer.start_server(ServerId=server)
wait(transfer, "server_online", ServerId=server)
refused("InvalidRequestException", 400, transfer.create_server, IdentityProviderType="API_GATEWAY")
refused("UnknownOperationException", 400, transfer.list_connectors)

# Logs
group = f"/aws/lambda/sftp-okta-{STACK}"
until("the sign-ins' lines", lambda: len(logs.filter_log_events(logGroupName=group, filterPattern="REPORT")["events"]) >= 2)
assert group in [found["logGroupName"] for found in logs.describe_log_groups()["logGroups"]]
stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
assert logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
refused("ResourceNotFoundException", 400, logs.filter_log_events, logGroupName="none")
refused("UnknownOperationException", 400, logs.describe_metric_filters)

# What the sandbox does not know, and whom it does not know
refused("InvalidAction", 400, cloudformation.list_stack_sets)
refused("InvalidAction", 400, iam.list_users)
refused("InvalidAction", 400, sts.get_session_token)
refused("NotImplemented", 501, s3.get_bucket_accelerate_configuration, Bucket=ARTIFACTS)
role_arn = outputs["TransferIdentityProviderRole"]  # which trusts Transfer alone
refused("AccessDenied", 403, sts.assume_role, RoleArn=role_arn, RoleSessionName="outsiders")
wrong = {"aws_access_key_id": session.get_credentials().access_key, "aws_secret_access_key": "another"}
refused("SignatureDoesNotMatch", 403, client("sts", **wrong).get_caller_identity)
refused("SignatureDoesNotMatch", 403, client("cloudformation", **wrong).describe_stacks)
refused("InvalidSignatureException", 400, client("transfer", **wrong).list_servers)
refused("SignatureDoesNotMatch", 403, client("s3", **wrong).list_buckets)
unknown = {"aws_access_key_id": "ASIAOUTSIDERS0000000", "aws_secret_access_key": "x", "aws_session_token": "x"}
refused("InvalidClientTokenId", 403, client("sts", **unknown).get_caller_identity)
refused("InvalidClientTokenId", 403, client("cloudformation", **unknown).describe_stacks)
refused("UnrecognizedClientException", 400, client("transfer", **unknown).list_servers)
refused("InvalidAccessKeyId", 403, client("s3", **unknown).list_buckets)

# The end of it all
transfer.delete_server(ServerId=server)
refused("ResourceNotFoundException", 400, transfer.describe_server, ServerId=server)
cloudformation.delete_stack(StackName=STACK)
wait(cloudformation, "stack_delete_complete", StackName=stack["StackId"])
s3.delete_object(Bucket=ARTIFACTS, Key=key)
s3.delete_bucket(Bucket=ARTIFACTS)
wait(s3, "bucket_not_exists", Bucket=ARTIFACTS)
print(f"{len(checked)} answers of {len(set(checked))} operations are as botocore's models say")
