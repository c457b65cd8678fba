"""An answer against the model of its operation, strictly.

botocore itself overlooks what it does not know. Here each raw answer is walked along the model: an element or member the model
does not have, one that comes twice, a required one that is missing, and a value that is not of its type, not one of its enum
or not of its pattern all end the run with exit code 1.
"""

import datetime
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

problems, checked = [], []

# What AWS sends although its own model does not have it: events of a stack that is made by a change set, or cleaned up.
BEYOND_THE_MODEL = {
    ("ResourceStatus", status)
    for status in ("REVIEW_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
}
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
    elif kind == "map":
        for number, entry in enumerate(element):
            if local(entry) != "entry" or [local(part) for part in entry] != ["key", "value"]:
                problems.append(f"{path}: <{local(entry)}> is no entry with a key and a value")
            else:
                xml_value(shape.key, entry[0], f"{path}[{number}].key")
                xml_value(shape.value, entry[1], f"{path}[{number}].value")
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
