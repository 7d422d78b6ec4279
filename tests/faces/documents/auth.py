"""Log in, stay in, leave."""

from tests.faces.documents.example import ERROR, Example

TOKENS = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
    "refresh_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
    "token_type": "bearer",
    "expires_in": 3600,
}

ME = {
    "user_id": "admin",
    "roles": ["admin", "developer", "operator", "viewer"],
    "tenant_id": "default",
    "dev_mode": False,
}

AUTH: list[Example] = [
    Example(
        "000",
        "POST /auth/login",
        "nobody",
        TOKENS,
        body={"username": "admin", "password": "secret", "tenant_id": "optional-tenant-id"},
    ),
    Example("000", "POST /auth/login", "nobody", TOKENS, body={"username": "admin", "password": "secret"}),
    Example(
        "002",
        "POST /auth/login",
        "nobody",
        TOKENS,
        body={"username": "admin", "password": "secret", "tenant_id": None},
    ),
    Example("002", "POST /auth/login", "nobody", ERROR, 401, body={"username": "admin", "password": "your-password"}),
    Example(
        "002",
        "POST /auth/login",
        "nobody",
        TOKENS,
        body={"username": "admin", "password": "secret", "tenant_id": "optional-tenant-id"},
    ),
    *(
        example
        for document in ("000", "002")
        for example in (
            Example(document, "POST /auth/refresh", "nobody", TOKENS, body={"refresh_token": "{refresh_token}"}),
            Example(document, "POST /auth/refresh", "nobody", ERROR, 400, body={"refresh_token": "{access_token}"}),
            Example(
                document,
                "POST /auth/refresh",
                "nobody",
                ERROR,
                401,
                body={"refresh_token": "{refresh_token}"},
                given="used refresh token",
            ),
            Example(document, "POST /auth/logout", "user", {"message": "Successfully logged out"}),
            Example(document, "GET /auth/me", "user", ME),
        )
    ),
]
