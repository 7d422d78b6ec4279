"""The custom access token hook: a Postgres function that may replace the claims of every access token."""

import time
import uuid
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from casare_cloud.local.auth import errors
from casare_cloud.local.auth.store import Transaction

TIMEOUT_MILLISECONDS: Final = 2000
REQUIRED_CLAIMS: Final = ("aud", "exp", "iat", "sub", "email", "phone", "role", "aal", "session_id", "is_anonymous")


async def claims_from_hook(
    tx: Transaction, address: str, user_id: str, claims: dict[str, Any], method: str, ip: str | None
) -> dict[str, Any]:
    """The claims that the function at a `pg-functions://<database>/<schema>/<function>` address answers with.

    Runs inside the transaction of the token, within two seconds. Raises `AuthError` with the function's own status and
    message when it answers with an error, and 500 when it fails or leaves out a required claim.
    """
    event = {
        "metadata": {
            "uuid": str(uuid.uuid4()),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "name": "custom-access-token",
            "ip_address": ip or "",
        },
        "user_id": user_id,
        "claims": claims,
        "authentication_method": method,
    }
    try:
        await tx.execute("select set_config('statement_timeout', %(timeout)s, true)", timeout=str(TIMEOUT_MILLISECONDS))
        row = await tx.fetch(sql.SQL("select {}(%(event)s) as output").format(function_at(address)), event=Jsonb(event))
        await tx.execute("set local statement_timeout to default")
    except psycopg.Error as error:
        raise errors.unexpected(f"Error running hook URI: {address}") from error
    return _checked(row["output"] if row else None)


def function_at(address: str) -> sql.Identifier:
    """The schema-qualified name in an address."""
    parts = urlsplit(address)
    names = parts.path.strip("/").split("/")
    if parts.scheme != "pg-functions" or len(names) != 2:
        raise errors.unexpected(f"Error running hook URI: {address}")
    return sql.Identifier(*names)


def _checked(output: Any) -> dict[str, Any]:
    if not isinstance(output, dict):
        raise errors.unexpected("Error unmarshaling JSON output.")
    error = output.get("error")
    if isinstance(error, dict) and error.get("message"):
        status = error.get("http_code")
        status = status if isinstance(status, int) and 400 <= status <= 599 else 500
        code = "unexpected_failure" if status == 500 else "unknown"
        raise errors.AuthError(status, code, str(error["message"]))
    claims = output.get("claims")
    missing = [name for name in REQUIRED_CLAIMS if name not in claims] if isinstance(claims, dict) else ["claims"]
    if missing or not isinstance(claims, dict):
        reasons = "".join(f"\n- (root): {name} is required" for name in missing)
        raise errors.unexpected("output claims do not conform to the expected schema: " + reasons)
    return claims
