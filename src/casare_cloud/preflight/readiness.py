"""What the preflight and requests found, for a probe that anybody may ask as often as they like."""

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING

from casare_cloud.config import Settings
from casare_cloud.preflight.auth_faults import AuthFaults

if TYPE_CHECKING:
    from casare_cloud.preflight.findings import Finding

logger = logging.getLogger("casare_cloud")

GOOD_SECONDS = 60.0
BAD_SECONDS = 5.0


class Readiness:
    """Looks when it is asked and what it knows is older than a minute, or than five seconds when something was wrong.

    Only one look is under way at a time. What is wrong is logged, in whole sentences, when it changes. An outage of
    Realtime, or of Auth once it has answered, is a warning and no reason: robots and signed-in people go on.
    """

    def __init__(self, settings: Settings, auth_faults: AuthFaults) -> None:
        self._settings = settings
        self._auth_faults = auth_faults
        self._findings: list[Finding] = []
        self._outages: list[Finding] = []
        self._has_auth_answered = False
        self._is_known = False
        self._good_until = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def reasons(self, seconds: float) -> list[str]:
        """Why requests cannot be served, in words that strangers may read; waits `seconds` at most for a running check.

        It does not say whether the database can be reached: the caller has a connection to try.
        """
        if monotonic() >= self._good_until:
            look = self._look()
            if self._findings or self._outages or not self._is_known:
                await asyncio.wait({look}, timeout=seconds)
        if not self._is_known:
            return ["Not checked yet"]
        reasons = [finding.reason for finding in self._findings]
        if (advice := self._auth_faults.advice) is not None:
            reasons.append(f"Supabase Auth: {advice}")
        return list(dict.fromkeys(reasons))

    @property
    def warnings(self) -> list[str]:
        """What is away without keeping requests from being served, in words that strangers may read."""
        return [outage.reason for outage in self._outages]

    def _look(self) -> "asyncio.Task[None]":
        looking = self._looking
        if looking is None or looking.done() or looking.get_loop() is not asyncio.get_running_loop():
            looking = self._looking = asyncio.create_task(self._find())
        return looking

    async def _find(self) -> None:
        from casare_cloud.preflight import auth, database, realtime
        from casare_cloud.preflight.checks import check
        from casare_cloud.preflight.findings import Finding

        try:
            found = [each for each in await check(self._settings) if not each.is_doubt]
        except Exception:
            logger.exception("the settings could not be checked")
            found = [Finding("Checks failed", "See the error above.")]
        else:
            self._has_auth_answered |= all(finding.reason != auth.UNREACHABLE for finding in found)
        found = [each for each in found if each.reason != database.UNREACHABLE]
        away = {realtime.UNREACHABLE, auth.UNREACHABLE} if self._has_auth_answered else {realtime.UNREACHABLE}
        outages = [finding for finding in found if finding.reason in away]
        wrong = [finding for finding in found if finding.reason not in away]
        for finding in wrong:
            if finding not in self._findings:
                logger.error("not ready: %s", finding)
        for outage in outages:
            if outage not in self._outages:
                logger.warning("away: %s", outage)
        self._findings, self._outages, self._is_known = wrong, outages, True
        self._good_until = monotonic() + (BAD_SECONDS if found else GOOD_SECONDS)
