"""Makes every call that the deployer makes, that the sandbox knows, and that a person would make, and holds each answer against
botocore's own service models. A problem ends the run with exit code 1, and so does an operation that was left out.

usage: conform.py TEMPLATE ZIP OKTA_PASSWORD
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import operations
from answers import checked
from asking import client, refused, session, until, wait

TEMPLATE, ZIP, PASSWORD = sys.argv[1:]
STACK, ARTIFACTS = "outsiders", "outsiders-artifacts"
# What is never answered, and why.
UNANSWERED = {
    "cloudformation:ListImports": "nothing here is exported",
    "iam:SimulatePrincipalPolicy": "asked about users and roles alone, and whoever deploys here is the root",
}

sts, iam, logs = client("sts"), client("iam"), client("logs")
s3, cloudformation, transfer = client("s3"), client("cloudformation"), client("transfer")
secrets = client("secretsmanager")

assert sts.get_caller_identity()["Account"] == "000000000000"

# S3
refused("404", 404, s3.head_bucket, Bucket=ARTIFACTS)
s3.create_bucket(Bucket=ARTIFACTS)
wait(s3, "bucket_exists", Bucket=ARTIFACTS)
s3.put_bucket_encryption(
    Bucket=ARTIFACTS,
    ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
)
assert s3.get_bucket_encryption(Bucket=ARTIFACTS)["ServerSideEncryptionConfiguration"]["Rules"]
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
versions = s3.get_paginator("list_object_versions").paginate(Bucket=ARTIFACTS, PaginationConfig={"PageSize": 1})
assert [found["Key"] for page in versions for found in page["Versions"]] == ["copy", "large", key]
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
assert cloudformation.describe_events(StackName=STACK, ChangeSetName="again")["OperationEvents"] == []
reason = cloudformation.describe_change_set(StackName=STACK, ChangeSetName="again")["StatusReason"]
assert "didn't contain changes" in reason, reason
cloudformation.delete_change_set(StackName=STACK, ChangeSetName="again")
refused("ChangeSetNotFound", 404, cloudformation.describe_change_set, StackName=STACK, ChangeSetName="again")
change_set["Parameters"].append({"ParameterKey": "ThrottlingRateLimit", "ParameterValue": "21"})
cloudformation.update_stack(**change_set)
wait(cloudformation, "stack_update_complete", StackName=STACK)
refused("ValidationError", 400, cloudformation.update_stack, **change_set)
told = [
    event
    for page in cloudformation.get_paginator("describe_events").paginate(StackName=STACK)
    for event in page["OperationEvents"]
]
assert {event["ResourceStatus"] for event in told} >= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
assert cloudformation.describe_events(StackName=STACK, Filters={"FailedEvents": True})["OperationEvents"] == []
detection = cloudformation.detect_stack_drift(StackName=STACK)["StackDriftDetectionId"]


def detected():
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    return status if status["DetectionStatus"] == "DETECTION_COMPLETE" else None


drift = until("the end of the detection", detected)
assert drift["StackDriftStatus"] == "IN_SYNC", drift
assert len(cloudformation.describe_stack_resource_drifts(StackName=STACK)["StackResourceDrifts"]) == len(rows)
cloudformation.detect_stack_resource_drift(StackName=STACK, LogicalResourceId=rows[0]["LogicalResourceId"])
cloudformation.update_termination_protection(StackName=STACK, EnableTerminationProtection=True)
refused("ValidationError", 400, cloudformation.delete_stack, StackName=STACK)
cloudformation.update_termination_protection(StackName=STACK, EnableTerminationProtection=False)
assert cloudformation.describe_account_limits()["AccountLimits"]

# A small stack, made in one call as old scripts do
trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "transfer.amazonaws.com"}}]}
small = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}}}
cloudformation.create_stack(StackName="small", TemplateBody=json.dumps(small), Capabilities=["CAPABILITY_IAM"])
wait(cloudformation, "stack_create_complete", StackName="small")
cloudformation.set_stack_policy(StackName="small", StackPolicyBody='{"Statement": []}')
cloudformation.get_stack_policy(StackName="small")
assert cloudformation.list_exports()["Exports"] == []
refused("ValidationError", 400, cloudformation.list_imports, ExportName="none")

# IAM
role = outputs["TransferIdentityProviderRole"].rsplit("/", 1)[-1]
assert iam.get_role(RoleName=role)["Role"]["Arn"] == outputs["TransferIdentityProviderRole"]
wait(iam, "role_exists", RoleName=role)
assert role in [found["RoleName"] for page in iam.get_paginator("list_roles").paginate() for found in page["Roles"]]
for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
    assert iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
iam.list_attached_role_policies(RoleName=role)
refused("NoSuchEntity", 404, iam.get_role, RoleName="nobody")
assert iam.get_account_summary()["SummaryMap"]["Roles"] > 3
resource = cloudformation.describe_stack_resource(StackName="small", LogicalResourceId="Role")["StackResourceDetail"]
trust["Statement"][0]["Principal"] = {"AWS": "000000000000"}
iam.update_assume_role_policy(RoleName=resource["PhysicalResourceId"], PolicyDocument=json.dumps(trust))
arn = iam.get_role(RoleName=resource["PhysicalResourceId"])["Role"]["Arn"]
assert sts.assume_role(RoleArn=arn, RoleSessionName="outsiders")["Credentials"]["SessionToken"]
cloudformation.delete_stack(StackName="small")

# Secrets Manager
[secret] = secrets.list_secrets()["SecretList"]
assert secrets.describe_secret(SecretId=secret["ARN"])["Name"] == secret["Name"]
assert "PRIVATE KEY" in secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
refused("ResourceNotFoundException", 400, secrets.get_secret_value, SecretId="none")
refused("UnknownOperationException", 400, secrets.get_random_password)

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
with tempfile.TemporaryDirectory() as folder:
    another = Path(folder) / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", another], check=True)
    transfer.import_host_key(ServerId=server, HostKeyBody=another.read_text(encoding="utf-8"))
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
events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
assert events
logs.create_log_stream(logGroupName=group, logStreamName="own")
event = {"timestamp": events[0]["timestamp"], "message": "a line"}
logs.put_log_events(logGroupName=group, logStreamName="own", logEvents=[event])
assert logs.get_log_events(logGroupName=group, logStreamName="own")["events"][0]["message"] == "a line"
logs.put_retention_policy(logGroupName=group, retentionInDays=7)
logs.delete_retention_policy(logGroupName=group)
refused("ResourceNotFoundException", 400, logs.filter_log_events, logGroupName="none")
refused("UnknownOperationException", 400, logs.describe_metric_filters)

# What the sandbox does not know, and whom it does not know
refused("InvalidAction", 400, cloudformation.list_stack_sets)
refused("InvalidAction", 400, iam.list_users)
refused(
    "InvalidAction", 400, iam.simulate_principal_policy, PolicySourceArn=outputs["TransferIdentityProviderRole"],
    ActionNames=["s3:GetObject"],
)
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
logs.delete_log_group(logGroupName=group)
cloudformation.delete_stack(StackName=STACK)
wait(cloudformation, "stack_delete_complete", StackName=stack["StackId"])
s3.delete_object(Bucket=ARTIFACTS, Key=key)
s3.delete_bucket(Bucket=ARTIFACTS)
wait(s3, "bucket_not_exists", Bucket=ARTIFACTS)
wanted = operations.expected(session)
assert set(UNANSWERED) <= wanted - set(checked), "an operation that is never answered was"
left_out = sorted(wanted - set(checked) - set(UNANSWERED))
if left_out:
    sys.exit(f"not looked at: {left_out}")
print(f"{len(checked)} answers of {len(set(checked))} operations are as botocore's models say")
