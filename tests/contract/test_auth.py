"""Auth as the official Python client meets it: sign-up, password, refresh, sign-out, user, administration."""

from tests.contract.platform_target import PASSWORD, Platform, new_email


def test_signing_up_answers_with_a_session_and_the_user(platform: Platform) -> None:
    email = new_email()
    answer = platform.client().auth.sign_up(
        {"email": email, "password": PASSWORD, "options": {"data": {"name": "Ada"}}}
    )
    assert answer.session is not None
    assert answer.user is not None
    assert (answer.user.email, answer.user.role, answer.user.aud) == (email, "authenticated", "authenticated")
    assert answer.user.user_metadata["name"] == "Ada"
