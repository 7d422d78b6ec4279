"""Shapes of logins, sessions and registrations."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from casare_cloud.domain.users import passwords
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.auth import examples


def _is_plain(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    return text


def _fits_bcrypt(password: str) -> str:
    if (problem := passwords.find_size_problem(password)) is not None:
        raise ValueError(problem)
    return password


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_is_plain)]
OptionalName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_is_plain)]
Login = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320), AfterValidator(_is_plain)
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_is_plain)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=255, pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)*$"),
    AfterValidator(_is_plain),
]


class LoginBody(Body):
    """User name or e-mail (either field takes either), password, and the tenant to act in when there are several."""

    model_config = showing(examples.LOGIN)

    username: Login
    password: Password
    tenant_id: Annotated[str | None, Field(max_length=128)] = None

    @model_validator(mode="before")
    @classmethod
    def _email_is_a_username(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("username") is None and "email" in data:
            return {**data, "username": data["email"]}
        return data


class RefreshBody(Body):
    """The refresh token of the last answer."""

    model_config = showing(examples.REFRESH)

    refresh_token: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096)]


class RegisterBody(Body):
    """A new user and the organization they will administer."""

    model_config = showing(examples.REGISTER)

    email: Email
    password: Annotated[
        str,
        StringConstraints(min_length=passwords.LEAST_CHARACTERS),
        AfterValidator(_is_plain),
        AfterValidator(_fits_bcrypt),
    ]
    org_name: Name
    username: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9._+-]{1,128}$")] = None
    first_name: OptionalName = ""
    last_name: OptionalName = ""


class TokensAnswer(Answer):
    """`access_token` goes into `Authorization: Bearer …` for `expires_in` seconds."""

    model_config = showing(examples.TOKENS)

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int


class LoggedOut(Answer):
    """The session is over."""

    model_config = showing(examples.LOGGED_OUT)

    message: str


class MeAnswer(Answer):
    """The caller; `roles` with those that they include."""

    model_config = showing(examples.ME)

    user_id: UUID
    roles: list[str]
    tenant_id: UUID | None
    dev_mode: bool
    principal: str
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    permissions: list[str]
