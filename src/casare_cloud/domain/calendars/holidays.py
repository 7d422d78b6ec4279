"""The public holidays of countries, as the package `holidays` knows them: the database has no way to."""

from datetime import date
from typing import Any

from casare_cloud.errors import InvalidArgument

YEARS_AHEAD = 5


def holidays_of(country: str, subdivision: str | None, year: int) -> dict[str, Any]:
    """The fields `holidays` and `holidays_until` of a calendar: from the year before to `YEARS_AHEAD` years ahead.

    Raises 400 INVALID_ARGUMENT for a country, or a part of it, that the package does not know.
    """
    import holidays  # slow to load, and few requests need it

    years = range(year - 1, year + YEARS_AHEAD + 1)
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        raise InvalidArgument("country: must be the code of a country whose holidays are known, such as DE, US or BR.")
    if subdivision and subdivision not in known[country]:
        parts = ", ".join(known[country][:20]) or "it has none"
        raise InvalidArgument(f"subdivision: must be a part of {country} whose holidays differ ({parts}).")
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language="en_US")
    return {
        "holidays": [{"day": day.isoformat(), "name": name[:255]} for day, name in sorted(found.items())],
        "holidays_until": date(years[-1], 12, 31).isoformat(),
    }
