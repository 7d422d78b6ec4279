"""Shapes of logins, sessions and registrations, and what a face does with them."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from casare_cloud.domain.users import passwords, service
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.routing import CurrentCall
from casare_cloud.faces.kit.shapes import Answer, Body

LOGIN: Example = {"username": "admin", "password": "your-password"}
REFRESH: Example = {"refresh_token": "v1f8K2xQmZ0aTq3b"}
REGISTER: Example = {
    "email": "ada@example.com",
    "password": "Analytical1",
    "org_name": "Acme",
    "username": "ada",
    "first_name": "Ada",
    "last_name": "Lovelace",
}
TOKENS: Example = {
    "access_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9...",
    "refresh_token": "v1f8K2xQmZ0aTq3b",
    "token_type": "bearer",
    "expires_in": 3600,
}


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

    model_config = showing(LOGIN)

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

    model_config = showing(REFRESH)

    refresh_token: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096)]


Username = Annotated[str, Field(pattern=r"^[A-Za-z0-9._+-]{1,128}$")]
NewPassword = Annotated[
    str,
    StringConstraints(min_length=passwords.LEAST_CHARACTERS),
    AfterValidator(_is_plain),
    AfterValidator(_fits_bcrypt),
]


InvitationToken = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class RegisterBody(Body):
    """A new user, with an organization to administer, or with the token of an invitation to somebody else's."""

    model_config = showing(REGISTER)

    email: Email
    password: NewPassword
    org_name: Name | None = None
    invitation_token: InvitationToken | None = None
    username: Username | None = None
    first_name: OptionalName = ""
    last_name: OptionalName = ""

    @model_validator(mode="after")
    def _joins_one(self) -> "RegisterBody":
        if (self.org_name is None) == (self.invitation_token is None):
            raise ValueError("org_name or invitation_token must be given, and not both")
        return self


class TokensAnswer(Answer):
    """`access_token` goes into `Authorization: Bearer …` for `expires_in` seconds."""

    model_config = showing(TOKENS)

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int


def users_of(call: CurrentCall) -> service.Users:
    """The users domain for this request."""
    services = call.services
    return service.Users(services.settings, services.database, services.verifier, services.auth_faults, call.client_ip)


async def log_in(body: LoginBody, call: CurrentCall) -> TokensAnswer:
    """Tokens for a login. A success is not counted: programs and offices log in often, and only failures count."""
    users = users_of(call)
    try:
        tokens = await users.log_in(body.username, body.password, body.tenant_id or None)
        await call.count.give_back(call.services.database)
    finally:
        if users.attempts is not None:
            call.count.tell(*users.attempts)
    return TokensAnswer(**asdict(tokens))


async def refresh(body: RefreshBody, call: CurrentCall) -> TokensAnswer:
    """New tokens for a refresh token."""
    return TokensAnswer(**asdict(await users_of(call).refresh(body.refresh_token)))
