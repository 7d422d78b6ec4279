"""A robot at the gateway, from its first message to the end of its socket (document 001).

The session speaks for the robot with the robot's own rights, through the same services as REST. It keeps nothing that
the database does not have: the leases outlive it, and the robot's next session, in whatever process, finds them there.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from casare_cloud.domain.names import uuid_of
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.robots.model import Heard, Registration, Robot, SessionFacts
from casare_cloud.errors import ApiError, AuthenticationFailed, Forbidden
from casare_cloud.gateway import closing
from casare_cloud.gateway.rates import MESSAGES, SECONDS, RateLimit
from casare_cloud.gateway.robots import messages
from casare_cloud.gateway.robots.assigning import Assigner
from casare_cloud.gateway.robots.connection import Connection, Link, Patience, Switchboard
from casare_cloud.gateway.robots.envelope import Message, read
from casare_cloud.gateway.robots.keeping import Keeper
from casare_cloud.gateway.robots.messages import OfRobot, Register, RegisterAck, SessionConfig
from casare_cloud.gateway.robots.problems import (
    Problem,
    may_pass,
    problem_of,
)
from casare_cloud.gateway.robots.reports import Reports
from casare_cloud.http import backoff_delays
from casare_cloud.identity import Actor

logger = logging.getLogger("casare_cloud")

MOST_BYTES = 2**20  # of a message
LARGE_BYTES = 64 * 1024  # what is larger is read beside the event loop
REGISTER_SECONDS = 30.0
ENROL_SECONDS = 15.0  # for which a registration is tried while the database is busy or away


class RobotSession:
    """One socket. Call `enter`, then `receive` for each frame, one after another, and `leave` when the socket is gone.

    `actor` is who the connection's query or headers name, or nobody: then the first message must. `robot_name` is the
    robot that the path names.
    """

    def __init__(
        self, board: Switchboard, link: Link, actor: Actor, robot_name: str | None = None, client_ip: str | None = None
    ) -> None:
        self._connection = Connection(board, link, actor, client_ip)
        self._robot_name = robot_name
        self._assigner = Assigner(self._connection)
        self._reports = Reports(self._connection, self._assigner.wake, self._assigner.note_rejected)
        self._keeper = Keeper(self._connection, self._reports, self._assigner, self.give_way)
        self._rate = RateLimit()
        self._tasks: list[asyncio.Task[None]] = []
        self._waits = asyncio.create_task(self._wait_for_registration())
        self._is_registering = False
        self._fault: ApiError | None = None  # of the last registration, if it may pass
        self._has_said_goodbye = False
        self._was_replaced = False

    async def enter(self, refused: ApiError | None = None) -> None:
        """Looks at the credential that the connection brought: a bad one (`refused`), or another robot's, closes it."""
        if self._connection.actor.is_anonymous and refused is None:
            return
        try:
            if refused is not None:
                raise refused
            async with self._connection.transaction() as tx:
                caller = await robots.calling_robot(tx)
                if self._robot_name is not None and caller["robot_id"] is not None:
                    await robots.get(tx, self._robot_name)  # a robot sees itself only
        except ApiError as error:
            if not may_pass(error):  # what may pass may have passed when the robot registers
                problem = problem_of(error)
                problem.close_code = closing.UNAUTHENTICATED if error.status == 401 else closing.FOREIGN
                await self._connection.tell_problem(problem, None)

    async def receive(self, frame: str | bytes) -> None:
        """Does what the robot says. What cannot be done is answered with an `error`, and raises nothing."""
        if self._connection.is_over:
            return
        self._keeper.note_heard()
        correlation_id = None
        try:
            message = await _read(frame)
            correlation_id = message.id
            await self._obey(message)
        except Problem as problem:
            await self._connection.tell_problem(problem, correlation_id)
        except ApiError as error:
            await self._connection.tell_problem(problem_of(error), correlation_id)
        except Exception:
            logger.exception("a robot's message failed")
            await self._connection.tell_problem(Problem("HANDLER_ERROR", "Something went wrong here."), correlation_id)

    async def leave(self) -> None:
        """The socket is gone. The jobs that the robot has started stay its own for the reconnect window."""
        connection = self._connection
        connection.is_over = True
        await self._stop_tasks()
        if connection.bell is not None and self._keeper.on_push in connection.bell.listeners:
            connection.bell.listeners.remove(self._keeper.on_push)
        if connection.robot_id is None:
            return
        if connection.board.sessions.get(connection.robot_id) is self:
            del connection.board.sessions[connection.robot_id]
        await connection.settled()
        if not self._has_said_goodbye:
            with suppress(ApiError):  # without it the leases last a little longer
                if self._was_replaced:
                    name, session_id = str(connection.robot_id), connection.id
                    await connection.insist(lambda tx: robots.set_status(tx, name, "offline", session_id))
                else:
                    await connection.insist(lambda tx: robots.leave_session(tx, connection.id))

    async def _stop_tasks(self) -> None:
        tasks = {self._waits, *self._tasks}
        while left := {task for task in tasks if not task.done()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=1)  # what ended in the same moment may have swallowed it: told again
        await asyncio.gather(*tasks, return_exceptions=True)

    async def give_way(self) -> None:
        """A newer connection of the robot is there: this one is closed."""
        self._was_replaced = True
        await self._connection.close(closing.REPLACED, "A newer connection of this robot took its place.")

    # What robots say

    async def _obey(self, message: Message) -> None:
        said = message.said
        if isinstance(said, Register):
            if self._connection.robot_id is not None:
                self._count()
            await self._register(said, message.id)
            return
        if self._connection.robot_id is None:
            self._count()
            raise Problem("INVALID_MESSAGE", "The first message must be register.", received_type=message.type)
        if said.robot_id is not None and said.robot_id not in self._connection.names:
            raise Problem("FORBIDDEN", "A robot speaks for itself only.", robot_id=said.robot_id)
        if isinstance(said, messages.CHATTER) or self._is_about_nothing(said, message.correlation_id):
            self._count()
        match said:
            case messages.StatusResponse():
                await self._keeper.heartbeat(said, message.id, is_acknowledged=False)
            case messages.Heartbeat():
                await self._keeper.heartbeat(said, message.id)
            case messages.Disconnect():
                await self._disconnect()
            case messages.JobReject():
                await self._reports.reject(said)
            case messages.JobProgress():
                await self._reports.progress(said)
            case messages.JobComplete():
                await self._reports.complete(said)
            case messages.JobFailed():
                await self._reports.fail(said)
            case messages.JobCancelled():
                await self._reports.cancelled(said)
            case messages.JobAccept():
                await self._reports.accept(said)
                self._assigner.note_accepted()
            case messages.LogEntry():
                await self._reports.log(said)
            case messages.LogBatch():
                await self._reports.log_batch(said)
            case messages.ErrorReport():
                await self._note_error(said, message.correlation_id)
            case _:
                raise AssertionError(f"no handler for {message.type}")

    def _is_about_nothing(self, said: messages.Said, correlation_id: str | None) -> bool:
        """Whether it is of no job that the robot holds, held or is offered: what decides about one is never limited."""
        holdings = self._connection.holdings
        if isinstance(said, messages.ErrorReport):
            return holdings.offer_of(correlation_id) is None
        return isinstance(said, messages.JobAccept) and not holdings.knows(uuid_of(said.job_id))

    def _count(self) -> None:
        wait = self._rate.wait_of(asyncio.get_running_loop().time())
        if wait > 0:
            raise Problem(
                "RATE_LIMITED",
                f"At most {MESSAGES} messages in {SECONDS:g} seconds, beside those that decide about the robot's jobs.",
                limit=MESSAGES,
                window_seconds=int(SECONDS),
                retry_after=round(wait, 1),
            )

    async def _note_error(self, said: messages.ErrorReport, correlation_id: str | None) -> None:
        """An error about a job that was assigned rejects it; any other one is written down."""
        offer = self._connection.holdings.offer_of(correlation_id)
        if offer is not None:
            await self._reports.take_back(offer, said.error_message or said.error_code)
        else:
            logger.warning("robot %s reports %r", self._connection.robot_id, said.error_code[:64])

    # Coming and going

    async def _register(self, said: Register, message_id: str | None) -> None:
        connection = self._connection
        if said.active_job_ids is not None:
            said.active_job_ids = [name.lower() for name in said.active_job_ids]
        self._is_registering = True
        try:
            if connection.actor.is_anonymous:
                connection.actor = await self._actor_of(said.token)
            robot, caller, heard, facts = await self._enrol_at_last(said)
        except ApiError as error:
            if error.status not in (401, 403, 409):
                self._fault = error if may_pass(error) else None
                raise
            ack = RegisterAck(robot_id=said.robot_id, success=False, message=error.message)
            await connection.tell("register_ack", ack, message_id)
            code = closing.UNAUTHENTICATED if error.status == 401 else closing.FOREIGN
            await connection.close(code, error.message)
            return
        finally:
            self._is_registering = False
        self._waits.cancel()
        if not await connection.take_place(UUID(caller["tenant_id"])):
            return
        connection.robot_id, connection.name = robot.robot_id, said.robot_id
        connection.names = frozenset((said.robot_id, robot.external_id, str(robot.robot_id)))
        connection.slots = robot.max_concurrent_jobs
        connection.patience = Patience(
            heard.heartbeat_seconds, facts.accept_grace_seconds, facts.reconnect_window_seconds
        )
        self._keeper.begin(robot)
        await self._take_the_place(robot.robot_id)
        to_end = self._reports.adopt(facts)
        if said.active_job_ids is not None:
            connection.holdings.note_named(said.active_job_ids)
        ack = RegisterAck(
            robot_id=said.robot_id,
            success=True,
            message="Registration successful",
            config=SessionConfig(heartbeat_interval=heard.heartbeat_seconds),
            mode=None if robot.mode == "active" else robot.mode,
            quarantined_at=None if robot.quarantined_at is None else robot.quarantined_at.isoformat(),
        )
        await connection.tell("register_ack", ack, message_id)
        is_told = any(command.get("command") == "pause" for command in heard.pending_commands)
        if robot.mode == "paused" and not is_told:  # an earlier process has acknowledged the command
            await connection.tell("pause", OfRobot(robot_id=connection.name))
        for job_id, reason in to_end:
            await connection.tell_to_stop(job_id, reason)
        await self._keeper.obey_all(heard.pending_commands)
        self._listen(caller)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._do(work)) for work in (self._assigner.run, self._keeper.run)]
        self._assigner.wake()

    async def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        """Does a part of the session; without it the robot had better come again."""
        try:
            await work()
        except Exception:
            logger.exception("the session of robot %s failed", self._connection.robot_id)
            await self._connection.close(closing.BROKEN, "Something went wrong on our side.")

    async def _actor_of(self, token: str | None) -> Actor:
        if token is None:
            raise AuthenticationFailed()
        return await self._connection.board.verifier.actor_of({"x-api-token": token})

    async def _enrol_at_last(self, said: Register) -> tuple[Robot, Mapping[str, Any], Heard, SessionFacts]:
        """As `_enrol`; when a thousand robots come back together, they wait here for each other."""
        now = asyncio.get_running_loop().time
        until = now() + ENROL_SECONDS
        for pause in backoff_delays(0.25, 3.0):
            try:
                return await self._enrol(said)
            except ApiError as error:
                if not may_pass(error) or now() + pause > until or self._connection.is_over:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: the pauses do not end")

    async def _enrol(self, said: Register) -> tuple[Robot, Mapping[str, Any], Heard, SessionFacts]:
        """Registers the robot and says that it lives, in one transaction."""
        async with self._connection.transaction() as tx:
            caller = await robots.calling_robot(tx)
            external_id = said.robot_id
            if caller["robot_id"] is not None and uuid_of(external_id) == UUID(caller["robot_id"]):
                external_id = (await robots.get(tx, external_id)).external_id
            registration = Registration(
                external_id=external_id,
                name=said.robot_name,
                hostname=said.hostname,
                capabilities=said.capabilities,
                environment=said.environment,
                max_concurrent_jobs=said.max_concurrent_jobs,
                tags=said.tags,
                is_internet=said.is_internet,
                session_id=self._connection.id,
            )
            robot = await robots.register(tx, registration)
            if self._robot_name not in (None, robot.external_id, str(robot.robot_id)):
                raise Forbidden("The path of the connection names another robot.")
            caller = await robots.calling_robot(tx)  # the registration may have bound its key
            heard = await robots.heartbeat(tx, str(robot.robot_id), self._keeper.sign_of_life())
            return robot, caller, heard, await robots.session_facts(tx)

    async def _take_the_place(self, robot_id: UUID) -> None:
        """Older connections of the robot give way; those at other instances hear of it, or are told at a heartbeat."""
        sessions = self._connection.board.sessions
        older = sessions.get(robot_id)
        sessions[robot_id] = self
        if older is not None and older is not self:
            await older.give_way()

    def _listen(self, caller: Mapping[str, Any]) -> None:
        key = UUID(caller["api_key_id"]).bytes
        bell = self._connection.bell = self._connection.board.doorbells.hang(key, caller)
        if bell is not None and self._keeper.on_push not in bell.listeners:
            bell.listeners.append(self._keeper.on_push)

    async def _disconnect(self) -> None:
        """What was not started goes back at once, and the robot is offline."""
        connection = self._connection
        await self._stop_tasks()  # a sign of life after the goodbye would bring the robot back
        for held in connection.holdings.unstarted:
            with suppress(ApiError):
                await self._reports.take_back(held, "The robot leaves.")
        with suppress(ApiError):
            await self._keeper.acknowledge()
        name, session_id = str(connection.robot_id), connection.id

        async def say_goodbye(tx: Any) -> None:
            await robots.leave_session(tx, session_id)
            await robots.set_status(tx, name, "offline", session_id)

        await connection.insist(say_goodbye)
        self._has_said_goodbye = True
        await connection.close(closing.NORMAL, "Goodbye.")

    async def _wait_for_registration(self) -> None:
        await asyncio.sleep(REGISTER_SECONDS * random.uniform(1.0, 1.1))  # noqa: S311 - spreading load
        while self._is_registering:
            await asyncio.sleep(1.0)
        if self._fault is not None:  # of the database: the robot is to come again, and 4001 would send it away for good
            await self._connection.close(closing.UNAVAILABLE, self._fault.message)
            return
        problem = Problem("AUTHENTICATION_FAILED", "The robot did not register in time.", closing.UNAUTHENTICATED)
        await self._connection.tell_problem(problem, None)


async def _read(frame: str | bytes) -> Message:
    if isinstance(frame, bytes):
        raise Problem("INVALID_MESSAGE", "A message must be text, not binary.")
    if len(frame) > MOST_BYTES or (len(frame) * 4 > MOST_BYTES and len(frame.encode(errors="replace")) > MOST_BYTES):
        raise Problem(
            "INVALID_MESSAGE", f"A message has at most {MOST_BYTES} bytes.", closing.TOO_LARGE, limit=MOST_BYTES
        )
    return await asyncio.to_thread(read, frame) if len(frame) > LARGE_BYTES else read(frame)
