"""`casare-cloud db reseal`: seal the secrets of triggers anew, so that an old key can be taken out of the ring."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import queries
from casare_cloud.cli.db_connection import DatabaseUrl, connected
from casare_cloud.cli.output import fail, note, say

if TYPE_CHECKING:
    import psycopg

    from casare_cloud.key_ring import KeyRing

_PAGE = 500


def reseal(
    secret_keys: Annotated[
        str | None,
        typer.Option(
            "--secret-keys",
            envvar="CASARE_SECRET_KEYS",
            help="The ring, as the functions have it: the new key in front, the old ones behind it. Better set the "
            "variable: options are seen by others on the machine. Default: the local stack's.",
            show_envvar=True,
        ),
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Seal the secrets of triggers anew with the first key of CASARE_SECRET_KEYS; exit code 1 if some cannot be opened.

    Put the new key in front of the ring of every function first: one that still seals with the old key makes secrets
    that this does not see. It can be stopped and run again. Afterwards the old keys can be taken away.

    Example: CASARE_SECRET_KEYS=k2:…,k1:… casare-cloud db reseal
    """
    from casare_cloud.config import ConfigurationError
    from casare_cloud.key_ring import KeyRing, key_name_of

    try:
        ring = KeyRing.read(secret_keys or _local_keys())
    except ConfigurationError as problem:
        fail(str(problem), 2)
    if ring.newest is None:
        fail("Set CASARE_SECRET_KEYS, the new key in front: there is no key to seal with.", 2)
    with connected(database_url) as connection:
        count, unopened = _reseal(connection, ring)
        left = Counter(key_name_of(row["sealed"]) for row in unopened)
    say(f"{count:,} secrets were sealed anew; the key {ring.newest} seals all that can be opened.")
    if not unopened:
        return
    for name, number in sorted(left.items()):
        note(f"{number:,} secrets were sealed with a key {name} that is not in the ring, or is another one there.")
    for row in unopened[:20]:
        note(f"  trigger {row['trigger_id']} of tenant {row['tenant_id']}")
    fail(
        "Put the keys that are missing behind the new one and run this again, or rotate the secrets of these triggers."
    )


def _reseal(connection: "psycopg.Connection[dict[str, Any]]", ring: "KeyRing") -> tuple[int, list[dict[str, Any]]]:
    """(how many were sealed anew, those that no key of the ring opens), a page of secrets at a time."""
    from casare_cloud.domain.triggers.receiving import place_of

    count, unopened, after = 0, [], None
    while True:
        page = connection.execute(queries.LIST_SEALED_SECRETS, {"after": after, "limit": _PAGE}).fetchall()
        for row in page:
            place = place_of(row["tenant_id"], row["trigger_id"])
            secret = ring.open(row["sealed"], place)
            if secret is None:
                unopened.append(row)
            elif not ring.is_of_newest(row["sealed"]):
                changed = {**row, "anew": ring.seal(secret, place)}
                count += connection.execute(queries.RESEAL_SECRET, changed).rowcount
        if len(page) < _PAGE:
            return count, unopened
        after = page[-1]["secret_id"]


def _local_keys() -> str:
    """The keys of the local stack, if there is one."""
    from casare_cloud.local.state import StateFolder

    return StateFolder.default().read_env().get("CASARE_SECRET_KEYS", "")
