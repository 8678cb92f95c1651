"""What nobody types by accident: values, headers and bodies that have broken other sites."""

import gzip
import json
from random import Random
from urllib.parse import quote, quote_from_bytes

from tests.support.people import ADA

VALUES: list[str | bytes] = [
    "", " ", "0", "-1", "1", "9" * 400, "1e309", "NaN", "null", "true", "[]", "{}", "undefined",
    "'", '"', "' OR '1'='1", "'; DROP TABLE users; --", "1) OR SLEEP(5)#", "%", "%%", "%s%n%x", "_",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "{% raise %}",
    "${jndi:ldap://127.0.0.1/x}", "$(id)", "`id`", "| id", "../../../../etc/passwd", "..\\..\\x",
    "//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "file:///etc/passwd",
    "http://127.0.0.1:9/", "a\r\nX-Injected: yes", "a\nb", "\t", "\0", "a\0b", b"\xff\xfe",
    b"\xed\xa0\x80", b"\xc0\xae", b"\x80", "\u202eevil", "\u2028", "\ufeff", "İıß", "👩‍👩‍👧‍👦" * 50,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L" * 20, "a" * 300, "a" * 10_000, "a" * 70_000,
    ADA, ADA.upper(), f"{ADA}\nBcc: x@evil.test", f"{ADA},x@evil.test", "a@b", "@",
    "a@" + "b" * 300,
    "a" * 65 + "@example.com", '"a b"@example.com', "ada@[127.0.0.1]", "ada@xn--a.example",
    "ä@ö.de",
    "000000", "１２３４５６", "123456", "12345 6", "price_1", "cus_1", "cs_test_1",
    "sub_" + "x" * 300,
    "2026-02-30", "9999-99-99", "=1+1", "+1", "@SUM(1)", "__class__", "constructor",
]  # fmt: skip

NAMES = [
    "email", "password", "new_password", "code", "price", "customer", "task", "next", "session_id",
    "looked", "change", "remember", "letters", "sessions", "others", "submit", "q", "page",
    "user_id",
    "is_owner", "reason", "until", "feature", "csrf_token", "email[]", "password[$ne]", "__proto__",
]  # fmt: skip

METHODS = (
    ["GET"] * 8 + ["POST"] * 10 + ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "X" * 30]
)

HEADERS: dict[str, list[str]] = {
    "Host": ["evil.test", "127.0.0.1:99999", "[::1", "a" * 300, "127.0.0.1@evil.test", ""],
    "Cookie": ["session=x", "session=.e30.x.y; device=x", "device=" + "A" * 5000, "=;=;",
        "a" * 4000],
    "Content-Type": ["application/json", "text/xml", "multipart/form-data", "x", "a/b; charset=x",
                     "application/x-www-form-urlencoded; charset=utf-7",
                     "multipart/form-data; boundary="],
    "Content-Encoding": ["gzip", "br", "x"],
    "Accept": ["*/*", "application/json", "x" * 2000, "text/html;q=x"],
    "Accept-Language": ["tlh", "en;q=9", "*" * 500],
    "Authorization": ["Basic Og==", "Bearer x", "Basic \xff"],
    "If-None-Match": ["*", '"', "W/" + '"x",' * 500],
    "If-Modified-Since": ["yesterday", "Thu, 99 Foo 2026 99:99:99 GMT"],
    "Range": ["bytes=0-0", "bytes=-1", "bytes=5-1,0-" + "9" * 50, "x"],
    "Origin": ["https://evil.test", "null", "x"],
    "Referer": ["https://evil.test/", "//", "x" * 3000, "http://[", "http://127.0.0.1:8000/\xe9"],
    "Sec-Fetch-Site": ["cross-site", "same-origin", "x"],
    "X-Forwarded-For": ["127.0.0.1", "x", "1.2.3.4, " * 200],
    "X-Forwarded-Host": ["evil.test"],
    "X-Forwarded-Proto": ["https", "gopher"],
    "X-HTTP-Method-Override": ["DELETE"],
    "X-CSRFToken": ["x", "\xff" * 20],
    "User-Agent": ["", "x" * 5000, "Mozilla/5.0 (\xff)", "() { :; }; id",
        "<script>alert(1)</script>"],
    "Stripe-Signature": ["t=1,v1=x", "t=,v1=", "t=99999999999999999999,v1=\xe9", "v1=" * 300],
    "Signature": ["x", "\xe9"],
}  # fmt: skip


def quoted(value: str | bytes) -> str:
    return quote_from_bytes(value, safe="") if isinstance(value, bytes) else quote(value, safe="")


def form(chance: Random, token: str | None) -> bytes:
    """Some fields, some of them twice, with the token of this browser or without."""
    pairs = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randint(0, 6))]
    if token:
        pairs = [("csrf_token", token), *(pair for pair in pairs if pair[0] != "csrf_token")]
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs).encode()


def body(chance: Random) -> tuple[bytes, str]:
    """No form: a body, and what it says it is."""
    value = chance.choice(VALUES)
    raw = value if isinstance(value, bytes) else value.encode()
    part = b'--x\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\n' + raw
    return chance.choice(
        [
            (raw, "application/x-www-form-urlencoded"),
            (b"=&" * 2000, "application/x-www-form-urlencoded"),
            (b"a=1&" * 20_000, "application/x-www-form-urlencoded"),
            (json.dumps({"email": {"$ne": None}, "data": [[]]}).encode(), "application/json"),
            (b"[" * 50_000, "application/json"),
            (part, "multipart/form-data; boundary=x"),
            (part + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"),
            ((b"--x\r\n" * 3000) + part, "multipart/form-data; boundary=x"),
            (gzip.compress(b"a" * 100_000), "application/x-www-form-urlencoded"),
            (chance.randbytes(200), "application/octet-stream"),
            (b"a" * 300_000, "text/plain"),
        ]
    )
