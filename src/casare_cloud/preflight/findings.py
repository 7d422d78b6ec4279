"""What a check says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    `reason` is a few words without names, addresses or keys, which strangers may read; `sentence` names the variable
    and what to do. `is_doubt`: it could not be checked, which does not prevent a start.
    """

    reason: str
    sentence: str
    is_doubt: bool = False

    def __str__(self) -> str:
        return self.sentence
