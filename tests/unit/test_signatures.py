"""Signatures of webhooks: published vectors, the senders' own packages both ways, and no bit may be another."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
import standardwebhooks
import stripe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from casare_cloud.domain.triggers.signatures import Secrets, Signed, Unproven, key_of_secret, verify

Headers = dict[str, str]

STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD: Headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
STANDARD_BODY = b'{"test": 2432232314}'
GITHUB_SECRET = "It's a Secret to Everybody"
GITHUB_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def is_proven(config: Mapping[str, Any], secret: str | None, headers: Headers, body: bytes, now: float = 0) -> bool:
    auth = config["auth"]
    keys = [key_of_secret(auth, secret)] if secret is not None else []
    hashes = [hashlib.sha256(key).digest() for key in keys]
    try:
        verify(config, Secrets(hashes, keys), Signed(headers, body, now))
    except Unproven:
        return False
    return True


def with_flips(text: bytes) -> list[bytes]:
    return [
        text[:place] + bytes([text[place] ^ (1 << bit)]) + text[place + 1 :]
        for place in range(len(text))
        for bit in range(8)
    ]


def signed_by_stripe(secret: str, body: bytes, at: int) -> Headers:
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return {"stripe-signature": f"t={at},v1={signature}"}


def signed_by_v1a(key: Ed25519PrivateKey) -> Headers:
    content = f"{STANDARD['webhook-id']}.{STANDARD['webhook-timestamp']}.".encode() + STANDARD_BODY
    return STANDARD | {"webhook-signature": "v1a," + base64.b64encode(key.sign(content)).decode()}


ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = "whpk_" + base64.b64encode(ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

# (config, secret, headers of which each bit counts, body, now)
CASES: dict[str, tuple[dict[str, Any], str | None, Headers, bytes, float]] = {
    "standard": ({"auth": "standard"}, STANDARD_SECRET, STANDARD, STANDARD_BODY, 1614265330),
    "v1a": ({"auth": "standard", "public_key": PUBLIC_KEY}, None, signed_by_v1a(ED25519), STANDARD_BODY, 1614265330),
    "github": ({"auth": "github"}, GITHUB_SECRET, {"x-hub-signature-256": GITHUB_SIGNATURE}, b"Hello, World!", 0),
    "slack": (
        {"auth": "slack"},
        SLACK_SECRET,
        {"x-slack-signature": SLACK_SIGNATURE, "x-slack-request-timestamp": "1531420618"},
        SLACK_BODY,
        1531420618,
    ),
    "zoom": (
        {"auth": "zoom"},
        SLACK_SECRET,
        {"x-zm-signature": SLACK_SIGNATURE, "x-zm-request-timestamp": "1531420618"},
        SLACK_BODY,
        1531420618,
    ),
    "stripe": (
        {"auth": "stripe"},
        "whsec_of_stripe_is_a_text",
        signed_by_stripe("whsec_of_stripe_is_a_text", b'{"id": "evt_1"}', 1700000000),
        b'{"id": "evt_1"}',
        1700000000,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_published_vector_is_proven_and_no_flipped_bit_of_header_or_body_is(name: str) -> None:
    config, secret, headers, body, now = CASES[name]
    assert is_proven(config, secret, headers, body, now)
    assert not any(is_proven(config, secret, headers, flipped, now) for flipped in with_flips(body))
    for header, value in headers.items():
        for flipped in with_flips(value.encode()):
            changed = headers | {header: flipped.decode("latin-1")}
            assert not is_proven(config, secret, changed, body, now), (header, flipped)
        assert not is_proven(config, secret, {key: headers[key] for key in headers if key != header}, body, now)


@pytest.mark.parametrize("name", ["standard", "v1a", "slack", "zoom", "stripe"])
def test_a_request_is_neither_older_nor_newer_than_300_seconds(name: str) -> None:
    config, secret, headers, body, now = CASES[name]
    for seconds, is_good in ((-301, False), (-299, True), (299, True), (301, False)):
        assert is_proven(config, secret, headers, body, now + seconds) is is_good, seconds


def test_two_secrets_hold_at_once_and_a_stranger_knows_neither() -> None:
    config, secret, headers, body, now = CASES["github"]
    keys = [b"a new secret that nobody has", key_of_secret("github", secret or "")]
    verify(config, Secrets((), keys), Signed(headers, body, now))
    with pytest.raises(Unproven):
        verify(config, Secrets((), keys[:1]), Signed(headers, body, now))
    with pytest.raises(Unproven):
        verify(config, Secrets(), Signed(headers, body, now))


@given(body=st.binary(max_size=200), message_id=st.from_regex(r"msg_[A-Za-z0-9]{1,30}", fullmatch=True))
def test_what_the_package_of_standard_webhooks_signs_is_proven_and_it_proves_what_we_sign(
    body: bytes, message_id: str
) -> None:
    from datetime import UTC, datetime

    text = json.dumps({"b": body.hex()})
    now = int(time.time())
    webhook = standardwebhooks.Webhook(STANDARD_SECRET)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": webhook.sign(message_id, datetime.fromtimestamp(now, UTC), text),
    }
    assert is_proven({"auth": "standard"}, STANDARD_SECRET, headers, text.encode(), now)
    digest = hmac.new(
        key_of_secret("standard", STANDARD_SECRET), f"{message_id}.{now}.{text}".encode(), "sha256"
    ).digest()
    ours = headers | {"webhook-signature": "v1," + base64.b64encode(digest).decode()}
    webhook.verify(text, ours)
    assert is_proven({"auth": "standard"}, STANDARD_SECRET, ours, text.encode(), now)


@given(data=st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3))
def test_what_the_package_of_stripe_signs_is_proven_and_it_proves_what_we_sign(data: dict[str, str]) -> None:
    secret = "whsec_of_stripe_is_a_text"
    body = json.dumps({"id": "evt_1", "object": "event", "data": data})
    now = int(time.time())
    theirs = stripe.WebhookSignature._compute_signature(f"{now}.{body}", secret)
    assert is_proven({"auth": "stripe"}, secret, {"stripe-signature": f"t={now},v1={theirs}"}, body.encode(), now)
    ours = signed_by_stripe(secret, body.encode(), now)
    assert stripe.WebhookSignature.verify_header(body, ours["stripe-signature"], secret, 300)


def shown(header: str, form: Callable[[str], str] = str) -> Callable[[str], Headers]:
    return lambda secret: {header: form(secret)}


@pytest.mark.parametrize(
    ("config", "headers_of"),
    [
        ({"auth": "secret"}, shown("x-webhook-secret")),
        ({"auth": "secret", "header": "X-Gitlab-Token"}, shown("x-gitlab-token")),
        ({"auth": "api_key"}, shown("x-api-key")),
        ({"auth": "bearer"}, shown("authorization", "Bearer {}".format)),
    ],
)
def test_a_secret_that_is_shown_must_be_it(config: dict[str, Any], headers_of: Callable[[str], Headers]) -> None:
    secret = "a-secret-of-some-length"
    assert is_proven(config, secret, headers_of(secret), b"")
    for flipped in with_flips(secret.encode()):
        assert not is_proven(config, secret, headers_of(flipped.decode("latin-1")), b"")
    for wrong in ("", secret + "x", secret[:-1]):
        assert not is_proven(config, secret, headers_of(wrong), b"")
    assert not is_proven(config, secret, {}, b"")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_older_names_of_hmac_are_the_same_check_with_or_without_a_prefix(algorithm: str) -> None:
    secret, body = "a-secret-of-some-length", b"body"
    digest = hmac.new(secret.encode(), body, algorithm).hexdigest()
    config = {"auth": f"hmac_{algorithm}", "header": "X-Signature"}
    assert is_proven(config, secret, {"x-signature": digest}, body)
    assert is_proven(config, secret, {"x-signature": f"{algorithm}={digest}"}, body)
    assert not is_proven(config, secret, {"x-signature": digest}, body + b"x")


def test_a_name_is_signed_as_the_bytes_that_came() -> None:
    name = "msg_é".encode()
    key = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, name + b".1614265330." + STANDARD_BODY, "sha256").digest()
    headers = {
        **STANDARD,
        "webhook-id": name.decode("latin-1"),  # as headers are read
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    assert is_proven({"auth": "standard"}, STANDARD_SECRET, headers, STANDARD_BODY, now=1614265330)


def test_a_token_is_signed_with_the_secret_and_has_not_expired() -> None:
    secret = "a-secret-of-some-length-and-more!"

    def headers(key: str, **claims: Any) -> Headers:
        return {"authorization": f"Bearer {jwt.encode(claims, key, algorithm='HS256')}"}

    config = {"auth": "jwt"}
    assert is_proven(config, secret, headers(secret, exp=100), b"", now=99)
    assert not is_proven(config, secret, headers(secret, exp=100), b"", now=100)
    assert not is_proven(config, secret, headers(secret), b"", now=1)
    assert not is_proven(config, secret, headers(secret[::-1], exp=100), b"", now=1)
    unsigned = jwt.encode({"exp": 100}, None, algorithm="none")
    assert not is_proven(config, secret, {"authorization": f"Bearer {unsigned}"}, b"", now=1)


def test_each_notification_of_microsoft_graph_repeats_the_secret() -> None:
    secret = "a-secret-of-some-length"

    def body(*states: Any) -> bytes:
        return json.dumps({"value": [{"clientState": state} for state in states]}).encode()

    assert is_proven({"auth": "graph"}, secret, {}, body(secret, secret))
    for wrong in (body(secret, "x"), body(), b"{}", b"[", body(None), b'{"value": 3}', b'{"value": [1]}'):
        assert not is_proven({"auth": "graph"}, secret, {}, wrong)


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        ("secret", "short"),
        ("github", "x" * 513),
        ("bearer", "a\nb" * 10),
        ("standard", "whsec_abcd"),
        ("standard", "?"),
    ],
)
def test_a_secret_that_is_none_is_refused_with_the_rule(auth: str, secret: str) -> None:
    with pytest.raises(ValueError, match="must"):
        key_of_secret(auth, secret)
