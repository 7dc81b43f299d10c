"""What Schemathesis cannot know of Steward: the tenant, a key for each request, how a package is sent, and which refusals
of a request that the contract allows are right. Every other refusal of one is a failure."""

import itertools
import os
import re
import uuid

import schemathesis

TENANT = os.environ["STEWARD_TRIAL_TENANT"]
KEYS = itertools.count(1)
KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?")

# How a problem's detail begins: why the contract allows what is refused.
DETAILS = {
    "nextToken is none that this list gave for this filter.": "tokens are signed: an invented one is none",
    "The file cannot be read; nothing was changed.": "which columns a bulk file has is said in words",
    "this is not a zip file that can be read": "which files a package holds is said in words",
    "Add an Idempotency-Key": "only a dry run needs none: a parameter cannot be required by another's value",
    "The resource is at version": "the version that a resource has is not known beforehand",
}
# The code of an error at a field: the same.
CODES = {
    "combination": "which fields go together is said in words",
    "unique": "a list without repetitions is said in words",
    "format": "the form of a name is said in words",
    "not_allowed": "the server answers to no address of a command",
    "unknown": "it names something that is not there",
    "unknown_region": "regions are the operator's setting",
    "unknown_zone": "the time zone database is no part of a schema",
    "empty": "text that is blank counts as none: leave it out",
    "control_character": "said in words: the lengths are what the schema has",
    "no_email": "an address is said in words",
    "no_language": "a language tag is said in words",
}
# The message of an error at a field: the same.
MESSAGES = {
    "invalid type: floating point": "1.0 is an integer to a schema, and none to us",
    "expected a whole number": "the same",
}


@schemathesis.hook
def before_call(context, case, kwargs):
    """A random tenant is refused before anything else is looked at; a repeated key as soon as it is."""
    headers = case.headers or {}
    if is_uuid(headers.get("X-Tenant-Id")):
        headers["X-Tenant-Id"] = (case.path_parameters or {}).get("tenantId", TENANT)
    if KEY.fullmatch(str(headers.get("Idempotency-Key", ""))):
        headers["Idempotency-Key"] = f"trial-{next(KEYS)}"


def is_uuid(text):
    try:
        return bool(uuid.UUID(text))
    except (AttributeError, TypeError, ValueError):
        return False


@schemathesis.serializer("application/zip")
def package(context, value):
    """Bytes that are a package by their media type alone."""
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.check
def refusal_is_excused(context, response, case):
    """A request that the contract allows is refused for a reason that a schema cannot say."""
    if not case.meta or not case.meta.generation.mode.is_positive or response.status_code not in (400, 412, 415, 422):
        return
    if response.status_code == 415 and not response.request.body:
        return  # an empty file goes without its type
    problem = response.json()
    if any(problem["detail"].startswith(known) for known in DETAILS):
        return
    unexcused = [error for error in problem.get("errors") or [problem] if not is_excused(error)]
    assert not unexcused, f"refused, though the contract allows it: {unexcused}"


def is_excused(error):
    return error.get("code") in CODES or any(error.get("message", "").startswith(known) for known in MESSAGES)
