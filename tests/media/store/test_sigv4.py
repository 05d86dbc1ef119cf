"""The simulated bucket's check against the vendor's own examples."""

from tests.media.store import sigv4

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_example_of_a_signed_link_has_the_signature_of_the_documentation() -> None:
    """Amazon S3, "Authenticating Requests: Using Query Parameters"."""
    query = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
        ("X-Amz-Date", "20130524T000000Z"),
        ("X-Amz-Expires", "86400"),
        ("X-Amz-SignedHeaders", "host"),
        ("X-Amz-Signature", "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
    ]
    given, expected, access, until = sigv4.of_query(SECRET, "GET", "/test.txt", query, {"host": "examplebucket.s3.amazonaws.com"})
    assert given == expected
    assert access == "AKIAIOSFODNN7EXAMPLE"
    assert until == 1_369_353_600 + 86_400


def test_the_example_of_a_signed_header_has_the_signature_of_the_documentation() -> None:
    """Amazon S3, "Authenticating Requests: Using the Authorization Header", GET Object."""
    head = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": "20130524T000000Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    }
    given, expected, access = sigv4.of_header(SECRET, "GET", "/test.txt", [], head)
    assert (given, access) == (expected, "AKIAIOSFODNN7EXAMPLE")
