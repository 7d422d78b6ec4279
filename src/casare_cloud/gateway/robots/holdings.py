"""The jobs of a robot as its session knows them: offered and not accepted yet, held, and those that are its no more."""

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

PAST_LEASES = 1000


@dataclass(slots=True)
class Held:
    """A lease of the robot, which knows no token: the session has it.

    `accept_by` (time of the loop) while the job is offered over this connection. `is_known`: the robot has shown over
    this connection that it knows the job; only such leases are renewed.
    """

    job_id: UUID
    lease_token: int
    claim_id: UUID | None = None
    assign_id: str | None = None
    accept_by: float | None = None
    is_started: bool = False
    is_known: bool = False

    @property
    def is_offer(self) -> bool:
        """Whether the robot has yet to accept it."""
        return self.accept_by is not None


class Holdings:
    """What a robot holds. A robot that lost a job may report it all the same: its token then is the one that it had."""

    def __init__(self) -> None:
        self._held: dict[UUID, Held] = {}
        self._past: OrderedDict[UUID, int] = OrderedDict()

    @property
    def busy_slots(self) -> int:
        """How many of the robot's slots are in use, as far as is known here; the database counts all of them."""
        return sum(held.is_offer or held.is_known for held in self._held.values())

    def get(self, job_id: UUID) -> Held | None:
        """The lease of the job, offers included."""
        return self._held.get(job_id)

    def knows(self, job_id: UUID | None) -> bool:
        """Whether the robot holds the job, held it or is offered it, as far as is known here."""
        return job_id in self._held or job_id in self._past

    def put(self, held: Held) -> None:
        """Takes a lease in."""
        self._held[held.job_id] = held

    def end(self, job_id: UUID, lease_token: int) -> None:
        """The lease has ended, in whatever way. Its token stays for reports that come again, or late."""
        held = self._held.get(job_id)
        if held is None or held.lease_token != lease_token:
            return
        del self._held[job_id]
        if not held.is_offer:
            self._past[job_id] = lease_token
            self._past.move_to_end(job_id)
            if len(self._past) > PAST_LEASES:
                self._past.popitem(last=False)

    def token_of_report(self, job_id: UUID) -> int | None:
        """The token under which the robot runs, or ran, the job; None: it was never begun over this connection.

        A job that was offered again and is not accepted yet is not the one of which the robot speaks.
        """
        held = self._held.get(job_id)
        if held is not None and not held.is_offer:
            return held.lease_token
        return self._past.get(job_id)

    @property
    def offers(self) -> list[Held]:
        """What the robot has yet to accept, the first to lapse first."""
        return sorted((held for held in self._held.values() if held.is_offer), key=lambda held: held.accept_by or 0.0)

    @property
    def claims_in_flight(self) -> set[UUID]:
        """The claims of the offers: a robot that does not name their jobs yet may still accept them."""
        return {held.claim_id for held in self._held.values() if held.is_offer and held.claim_id is not None}

    @property
    def unstarted(self) -> list[Held]:
        """What may go back without costing anything."""
        return [held for held in self._held.values() if not held.is_started]

    @property
    def renewable(self) -> list[Held]:
        """What the robot works on, as far as it has shown."""
        return [held for held in self._held.values() if held.is_known and not held.is_offer]

    def offer_of(self, assign_id: str | None) -> Held | None:
        """The offer that was made with the message of this id."""
        return next((held for held in self._held.values() if held.is_offer and held.assign_id == assign_id), None)

    @property
    def leases(self) -> set[tuple[UUID, int]]:
        """All of them, as job and token."""
        return {(held.job_id, held.lease_token) for held in self._held.values()}

    @property
    def has_unknown(self) -> bool:
        """Whether some are from before this connection, and the robot has not shown that it knows them."""
        return any(not held.is_known and not held.is_offer for held in self._held.values())

    def note_named(self, names: list[str]) -> None:
        """Of the jobs that it has accepted, the robot knows those that it names, and no others."""
        for held in self._held.values():
            if not held.is_offer:
                held.is_known = str(held.job_id) in names
