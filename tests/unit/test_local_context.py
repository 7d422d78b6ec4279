"""What the emulators take from supabase/config.toml, and what they make of tokens."""

import time
import tomllib

import jwt
import pytest
from tests.contract.realtime_target import new_signing_key

from casare_cloud.local import tokens
from casare_cloud.local.context import LocalContext, settings_of
from casare_cloud.local.schema import project_root


def new_context(**settings: object) -> LocalContext:
    return LocalContext("", "", "", "sb_publishable_x", "sb_secret_x", new_signing_key(), "s" * 40, **settings)  # type: ignore[arg-type]


def test_the_local_stack_keeps_to_the_project_s_configuration() -> None:
    config = tomllib.loads((project_root() / "supabase" / "config.toml").read_text())
    context = new_context(**settings_of(config))
    auth = config["auth"]
    assert context.token_hook == auth["hook"]["custom_access_token"]["uri"]
    assert context.access_token_seconds == auth["jwt_expiry"]
    assert context.refresh_token_reuse_seconds == auth["refresh_token_reuse_interval"]
    assert context.minimum_password_length == auth["minimum_password_length"]
    assert context.exposed_schemas == tuple(config["api"]["schemas"])


def test_a_hook_that_is_not_enabled_is_not_called() -> None:
    hook = {"enabled": False, "uri": "pg-functions://postgres/public/f"}
    assert settings_of({"auth": {"hook": {"custom_access_token": hook}}})["token_hook"] is None


def test_a_minted_token_is_verified_by_its_key_id() -> None:
    context = new_context()
    token = tokens.mint(context, {"sub": "x", "exp": int(time.time()) + 60})
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "JWT", "kid": context.signing_key["kid"]}
    assert tokens.verify(context, token)["sub"] == "x"
    with pytest.raises(tokens.TokenError):
        tokens.verify(new_context(), token)


def test_an_hs256_token_needs_the_project_s_secret() -> None:
    context = new_context()
    claims = {"exp": int(time.time()) + 60}
    assert tokens.verify(context, jwt.encode(claims, "s" * 40, "HS256")) == claims
    context.jwt_secret = None
    with pytest.raises(tokens.TokenError):
        tokens.verify(context, jwt.encode(claims, "s" * 40, "HS256"))


def test_the_public_key_cannot_be_used_as_a_shared_secret() -> None:
    context = new_context()
    forged = jwt.encode(
        {"role": "service_role"}, context.signing_key["x"] * 2, "HS256", {"kid": context.signing_key["kid"]}
    )
    with pytest.raises(tokens.TokenError):
        tokens.verify(context, forged)
    assert "d" not in tokens.public_jwks(context)["keys"][0]


def test_a_token_that_was_valid_before_is_refused_once_it_has_expired() -> None:
    context = new_context()
    token = tokens.mint(context, {"exp": int(time.time()) - 10})
    assert tokens.verify(context, token)
    with pytest.raises(tokens.TokenError, match="expired") as caught:
        tokens.verify(context, token, skew=0)
    assert caught.value.is_about_claims
