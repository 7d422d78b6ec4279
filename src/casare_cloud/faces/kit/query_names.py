"""Names in a query that an endpoint does not know: nothing is ignored in silence (api-decisions#query-parameters).

A request that changes something is refused: a filter that does not count would change more than was meant. A request
that reads is refused when the name looks like a known one; else it is answered, and a header names what was ignored,
since existing programs send names that nobody reads. Names that begin with `_` are cache busters, and pass.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from urllib.parse import quote

from fastapi.dependencies.models import Dependant

from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit import storable

HEADER = "X-Ignored-Parameters"
SAID = "Names in the query that the endpoint does not know, percent-encoded, with commas: they had no effect."
_LIKENESS = 0.7  # of two names: state and status are alike, page and per_page are not
_MOST_NAMED, _LONGEST_NAMED = 8, 64
_MOST_UNKNOWN = 32  # each is compared with each known one, on the event loop and before the caller is counted


def known_names(dependant: Dependant) -> frozenset[str]:
    """What an endpoint and all that it depends on read from the query."""
    below = (known_names(inner) for inner in dependant.dependencies)
    return frozenset(field.alias for field in dependant.query_params).union(*below)


def ignored(given: Iterable[str], known: frozenset[str], *, only_reads: bool) -> list[str]:
    """The names that are ignored, in the words of the header; a name that must not be is `InvalidArgument`."""
    unknown = [name for name in dict.fromkeys(given) if name not in known and not name.startswith("_")]
    if len(unknown) > _MOST_UNKNOWN:
        raise InvalidArgument(f"query: must not have more than {_MOST_UNKNOWN} names that the endpoint does not know.")
    for name in unknown:
        meant = get_close_matches(name[:_LONGEST_NAMED].lower(), known, n=1, cutoff=_LIKENESS)
        if meant or not only_reads:
            raise InvalidArgument(f"{storable.repaired(name)[:_LONGEST_NAMED]} (query): {_rule(meant, known)}")
    return [quote(name[:_LONGEST_NAMED], safe="") for name in unknown[:_MOST_NAMED]]


def _rule(meant: list[str], known: frozenset[str]) -> str:
    if meant:
        return f"there is no such parameter; did you mean {meant[0]}?"
    if known:
        return f"there is no such parameter; there are {', '.join(sorted(known))}."
    return "there is no such parameter, and there are no others."
