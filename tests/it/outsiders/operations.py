"""The operations that have to be looked at, read from the sources so that none can be forgotten: those the deployer and the
function call, and those the sandbox knows by name. (It knows S3's by method and path.)
"""

import re
from pathlib import Path

from botocore import xform_name

REPOSITORY = Path(__file__).resolve().parents[3]
# botocore's name of a service; the SDK's crate for it; the sandbox's module.
SERVICES = {
    "cloudformation": ("aws_sdk_cloudformation", "cloudformation"),
    "iam": ("aws_sdk_iam", "iam"),
    "logs": ("aws_sdk_cloudwatchlogs", "logs"),
    "s3": ("aws_sdk_s3", None),
    "secretsmanager": (None, "secrets_manager"),
    "sts": ("aws_sdk_sts", "sts"),
    "transfer": ("aws_sdk_transfer", "transfer"),
}


def sources(folder):
    """All but the tests: they also name what is not known."""
    paths = sorted((REPOSITORY / folder).rglob("*.rs"))
    return [path.read_text(encoding="utf-8") for path in paths if "tests" not in (path.stem, path.parent.name)]


def called(session):
    """What src/ calls: each is a method without arguments on an SDK's client. And the one call of the function's own."""
    methods = {}
    for service, (crate, _) in SERVICES.items():
        for name in session.get_service_model(service).operation_names if crate else ():
            methods.setdefault(xform_name(name), []).append((service, crate, name))
    found = set()
    for text in sources("src"):
        for method in set(re.findall(r"\.\s*([a-z0-9_]+)\(\)", text)) & set(methods):
            meant = methods[method]
            if len(meant) > 1:
                meant = [one for one in meant if one[1] in text]
                assert meant, f"of which service is .{method}()?"
            found |= {f"{service}:{name}" for service, _, name in meant}
    for text in sources("lambda/src"):
        found |= {f"secretsmanager:{name}" for name in re.findall(r'"secretsmanager\.(\w+)"', text)}
    return found


def answered(session):
    """What the sandbox knows by name."""
    found = set()
    for service, (_, module) in SERVICES.items():
        if module is None:
            continue
        names = set(session.get_service_model(service).operation_names)
        own = REPOSITORY / "sandbox/src/aws" / f"{module}.rs"
        for text in [own.read_text(encoding="utf-8"), *sources(f"sandbox/src/aws/{module}")]:
            found |= {f"{service}:{name}" for name in set(re.findall(r'"([A-Z]\w+)"', text)) & names}
    return found


def expected(session):
    called_ones, answered_ones = called(session), answered(session)
    # Were the sources written in another way, nothing would be found in them.
    assert len(called_ones) > 40 and len(answered_ones) > 50, (sorted(called_ones), sorted(answered_ones))
    return called_ones | answered_ones
