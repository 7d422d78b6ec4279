"""Shapes that say why: why a job waits, why a robot gets nothing (api-decisions#explanations)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.kit.state_words import RobotWord
from casare_cloud.faces.orchestrator.explanations import examples

Sentence = Annotated[str, Field(description="For people; it may be sent to a customer as it is.")]
NextStep = Annotated[str, Field(description="What to do about it.")]
ReasonCode = Annotated[str, Field(description="For programs; docs/why-is-my-job-waiting.md lists them.")]


class RobotJudgement(Answer):
    """What stands between a robot and a job. `ahead`: jobs that it takes first, to 100 at most."""

    model_config = showing(examples.ROBOT_JUDGEMENT)

    robot_id: Annotated[UUID, Field(description="The UUID of the robot.")]
    external_id: str
    verdict: Literal["ready", "waiting", "blocked"]
    reason_code: ReasonCode
    sentence: Sentence
    next_step: NextStep
    is_eligible: Annotated[bool, Field(description="A claim of the robot may be given the job.")]
    ahead: int | None


class JobNote(Answer):
    """Something worth knowing that does not decide whether the job runs."""

    model_config = showing(examples.JOB_NOTE)

    reason_code: ReasonCode
    sentence: Sentence
    next_step: NextStep


class JobExplanation(Answer):
    """Why a job is where it is. `position`: jobs ahead that ask for no more than it does, to 1,000 at most."""

    model_config = showing(examples.JOB_EXPLANATION)

    job_id: UUID
    state: Literal["queued", "scheduled", "claimed", "running", "completed", "failed", "cancelled", "timeout"]
    verdict: Literal["ready", "waiting", "blocked", "held", "finished"]
    reason_code: ReasonCode
    sentence: Sentence
    next_step: NextStep
    since: Time | None
    position: int | None
    robots: Annotated[list[RobotJudgement], Field(description="The nearest to getting the job first, 50 at most.")]
    robots_total: int
    notes: list[JobNote]


class RobotExplanation(Answer):
    """Why a robot gets nothing, or what it gets next. `robot_id` is its external id."""

    model_config = showing(examples.ROBOT_EXPLANATION)

    robot_id: Annotated[str, Field(validation_alias="external_id")]
    robot_uuid: Annotated[UUID, Field(validation_alias="robot_id")]
    state: RobotWord
    verdict: Literal["ready", "waiting", "blocked", "idle"]
    reason_code: ReasonCode
    sentence: Sentence
    next_step: NextStep
    since: Time | None
    is_eligible: Annotated[bool, Field(description="A claim of the robot is given what suits it.")]
    free_slots: int
    held_job_ids: list[UUID]
    next_job_id: Annotated[UUID | None, Field(description="What its next claim takes if nothing hinders it.")]
    nearest_job_id: Annotated[UUID | None, Field(description="When no waiting job suits it: the one that almost does.")]
