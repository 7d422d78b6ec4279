"""The folders in which jobs run, one for each lease, kept for a week."""

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from casare_cloud.robot.transport import Lease

KEEP_SECONDS = 7 * 86_400


class JobFolders:
    """The folder of a robot's jobs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def of(self, lease: Lease) -> Path:
        """One folder a lease, not an attempt: a released job begins its attempt again in an empty folder."""
        return self._root / f"{lease.job_id}-{lease.lease_token}"

    def remove_old(self, running: Iterable[Lease]) -> None:
        """Deletes the folders of jobs that ran long ago."""
        kept = {self.of(lease) for lease in running}
        oldest = time.time() - KEEP_SECONDS
        for folder in self._root.glob("*"):
            with suppress(OSError):
                if folder not in kept and folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder)
