"""AWS Signature Version 4 from its specification, for the simulated bucket: independent of the library under test.

Sources: Amazon S3, "Authenticating Requests: Using the Authorization Header" and "… Using Query Parameters", whose examples test it.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, unquote


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def signature(
    secret: str,
    scope: str,
    stamp: str,
    method: str,
    raw_path: str,
    query: Sequence[tuple[str, str]],
    head: Sequence[tuple[str, str]],
    payload: str,
) -> str:
    """*scope* is `date/region/s3/aws4_request`; *query* and *head* are those that are signed."""
    canonical = "\n".join(
        [
            method,
            quote(unquote(raw_path), safe="/~"),
            "&".join(sorted(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query)),
            *(f"{name}:{' '.join(value.split())}" for name, value in sorted(head)),
            "",
            ";".join(sorted(name for name, _ in head)),
            payload,
        ]
    )
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, text).hex()


def of_header(secret: str, method: str, raw_path: str, query: Sequence[tuple[str, str]], head: Mapping[str, str]) -> tuple[str, str, str]:
    """What the request is signed with, what it should be, and the access key that it names."""
    kind, _, rest = head["authorization"].partition(" ")
    assert kind == "AWS4-HMAC-SHA256"
    said = dict(part.strip().split("=", 1) for part in rest.split(","))
    access, _, scope = said["Credential"].partition("/")
    signed = [(name, head[name]) for name in said["SignedHeaders"].split(";")]
    assert "host" in head
    expected = signature(secret, scope, head["x-amz-date"], method, raw_path, query, signed, head["x-amz-content-sha256"])
    return said["Signature"], expected, access


def of_query(
    secret: str, method: str, raw_path: str, query: Sequence[tuple[str, str]], head: Mapping[str, str]
) -> tuple[str, str, str, float]:
    """As `of_header`, and until when the link holds, in seconds since 1970."""
    said = dict(query)
    access, _, scope = said["X-Amz-Credential"].partition("/")
    signed = [(name, head[name]) for name in said["X-Amz-SignedHeaders"].split(";")]
    rest = [one for one in query if one[0] != "X-Amz-Signature"]
    expected = signature(secret, scope, said["X-Amz-Date"], method, raw_path, rest, signed, "UNSIGNED-PAYLOAD")
    begin = datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert 0 < int(said["X-Amz-Expires"]) <= 604_800
    return said["X-Amz-Signature"], expected, access, begin.timestamp() + int(said["X-Amz-Expires"])
