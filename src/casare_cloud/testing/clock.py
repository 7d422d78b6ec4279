"""A clock that tests move: hours pass in a moment."""

from datetime import datetime, timedelta

import psycopg

from casare_cloud.testing import queries


class Clock:
    """The time of one stack, for all its tenants and programs. Access tokens go by the real one."""

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url
        self._ahead = timedelta()

    @property
    def now(self) -> datetime:
        """The time that every rule goes by."""
        with psycopg.connect(self._owner_url, autocommit=True) as owner:
            row = owner.execute(queries.READ_CLOCK).fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment

    def move(self, **duration: float) -> datetime:
        """Let time pass (`hours=3`, `days=1`; the words of `timedelta`), and what has become due happen."""
        return self._set(self._ahead + timedelta(**duration))

    def set(self, moment: datetime) -> datetime:
        """Go to a moment, which has a time zone."""
        if moment.tzinfo is None:
            raise ValueError("The moment has no time zone: give it one, such as tzinfo=UTC.")
        return self._set(self._ahead + (moment - self.now))

    def reset(self) -> None:
        """Go back to the real time."""
        if self._ahead:
            self._set(timedelta())

    def _set(self, ahead: timedelta) -> datetime:
        self._ahead = ahead
        with psycopg.connect(self._owner_url, autocommit=True) as owner:
            owner.execute(queries.SET_CLOCK.format(seconds=float(ahead.total_seconds())).encode())
            owner.execute(queries.FORGET_THE_FUTURE)
            owner.execute(queries.RUN_DUTIES)
        return self.now
