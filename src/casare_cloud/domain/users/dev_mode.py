"""JWT_DEV_MODE (document 000): on the local stack, a request without credentials acts as an administrator."""

from casare_cloud.database import Transaction
from casare_cloud.domain.users import queries
from casare_cloud.identity import ANONYMOUS, Actor


async def first_administrator(tx: Transaction) -> Actor:
    """The first admin of the oldest tenant; anonymous when there is no tenant yet. For `Settings.jwt_dev_mode` only."""
    claims = await tx.fetch_value(queries.DEV_MODE_CLAIMS)
    return Actor("authenticated", claims=claims, is_dev_mode=True) if claims else ANONYMOUS
