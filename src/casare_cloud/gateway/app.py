"""The gateway's ASGI app: sockets, and the probes of a service."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.domain.jobs.doorbells import Doorbells
from casare_cloud.errors import ApiError, NotFound
from casare_cloud.faces.kit.edge import Edge, Receive, Scope, Send, client_ip_of, request_id_of, send_json
from casare_cloud.faces.kit.envelope import Envelope, Problem
from casare_cloud.faces.kit.health import PROBES
from casare_cloud.gateway import closing, routes
from casare_cloud.gateway.calls import Call, Handler, Request, Services
from casare_cloud.gateway.dashboards import fleet
from casare_cloud.gateway.fleet_pictures import FleetPictures
from casare_cloud.gateway.hub import Hub
from casare_cloud.gateway.pacing import Pace
from casare_cloud.gateway.places import Places
from casare_cloud.gateway.robots.connection import Switchboard
from casare_cloud.gateway.robots.socket import serve_robot
from casare_cloud.gateway.sockets import Socket
from casare_cloud.identity import Verifier
from casare_cloud.preflight.auth_faults import AuthFaults
from casare_cloud.preflight.readiness import Readiness

logger = logging.getLogger("casare_cloud")

BODY_BYTES = 1024  # nothing is posted here
_UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}


class GatewayEnvelope(Envelope):
    """Refusals of what is asked over HTTP, as the orchestrator words them."""

    def body(self, problem: Problem) -> dict[str, Any]:
        """The body of a refusal."""
        return {"detail": problem.message, "error_code": problem.code, "request_id": problem.request_id}


class Gateway(Edge):
    """Every published socket, and probes. One per process; all of it belongs to one event loop."""

    service = "casare-rpa-gateway"
    envelope = GatewayEnvelope()

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.trusted_proxies, settings.allowed_origins)
        self.settings = settings
        self.readiness = Readiness(settings, AuthFaults())
        self.sockets: set[Socket] = set()  # that are open
        self.places = Places(settings.gateway_sockets)
        self.pace = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe, or send the fleet as server-sent events."""
        path: str = scope["path"].removeprefix("/api/v1")
        if path == "/metrics/stream" and scope["method"] == "GET":
            await fleet.stream(self._request_of(scope, {}), receive, send)
            return
        probe = PROBES.get(path)
        if probe is None or scope["method"] != "GET":
            if routes.find(path) is not None:
                raise ApiError(426, "UPGRADE_REQUIRED", "This address is a WebSocket.", _UPGRADE)
            raise NotFound("NOT_FOUND", "There is nothing at this address but sockets.")
        status, body = await probe(self)
        await send_json(send, status, body, {"Cache-Control": "no-store"})

    def body_limit(self, path: str) -> int:
        """Next to nothing."""
        return BODY_BYTES

    @cached_property
    def database(self) -> Database:
        """The database, with a pool that opens on its first use."""
        return Database(self.settings)

    @cached_property
    def services(self) -> Services:
        """What sockets share."""
        verifier, doorbells = Verifier(self.settings), Doorbells(self.settings)
        robots, fleets = Switchboard(self.database, verifier, doorbells), FleetPictures(self.database)
        return Services(self.settings, self.database, verifier, doorbells, robots, fleets, self.places)

    @cached_property
    def hub(self) -> Hub:
        """Who follows what."""
        return Hub(self.services)

    async def close(self) -> None:
        """Give back what the process holds."""
        if "hub" in self.__dict__:
            await self.hub.close()
        if "services" in self.__dict__:
            await self.services.doorbells.close()
        if "database" in self.__dict__:
            await self.database.close()

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        found = routes.find(scope["path"])
        socket = Socket(receive, send, self.places)
        await self.places.enter(socket)
        try:
            if found is not None and found[0] is not serve_robot:
                client = self._request_of(scope, {}).client_ip
                await asyncio.sleep(self.pace.delay_of(client, found[0], asyncio.get_running_loop().time()))
            await send({"type": "websocket.accept"})
            if found is None:
                await socket.close(closing.UNKNOWN_PATH, "There is no socket at this address.")
            await self._run(scope, socket, found)
        finally:
            self.places.leave(socket)

    async def _run(self, scope: Scope, socket: Socket, found: tuple[Handler, dict[str, str]] | None) -> None:
        """Write and talk, until the socket is closed or the client has gone."""
        self.sockets.add(socket)
        writing = asyncio.create_task(socket.run())
        talking = asyncio.create_task(self._talk(scope, socket, found))
        try:
            await asyncio.wait({writing, talking}, return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                await socket.close(closing.NORMAL, "")
                await writing
        finally:
            self.sockets.discard(socket)
            for task in (talking, writing):
                task.cancel()
            await asyncio.gather(talking, writing, return_exceptions=True)

    async def _talk(self, scope: Scope, socket: Socket, found: tuple[Handler, dict[str, str]] | None) -> None:
        """Let the path's handler talk, and close the socket for what it raises."""
        if found is None or socket.is_closed:
            return
        handler, names = found
        request = self._request_of(scope, names)
        call = Call(**{each.name: getattr(request, each.name) for each in fields(request)}, socket=socket)
        try:
            await handler(call)
        except closing.SocketClosed:
            pass
        except ApiError as error:
            await socket.close(closing.code_of(error), error.message)
        except Exception:
            logger.exception("the socket of request %s failed", call.request_id)
            await socket.close(closing.BROKEN, "Something went wrong on our side.")

    def _request_of(self, scope: Scope, names: Mapping[str, str]) -> Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        hops = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        peer = scope["client"][0] if scope.get("client") else None
        return Request(
            services=self.services,
            hub=self.hub,
            names=names,
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            client_ip=client_ip_of(peer, ", ".join(hops), self._trusted_proxies),
            request_id=request_id_of(headers.get("x-request-id")),
        )


def create_app(settings: Settings | None = None) -> Gateway:
    """The gateway as an ASGI app, from `settings` or from the environment. It opens nothing yet."""
    return Gateway(settings or Settings.from_environment())
