"""What stands between a connection to PostgreSQL and its server and counts what comes.

libpq reads a row whole before anybody can look at it, however large it is, and has no limit. What encrypts does so from
end to end: nothing of it ends here.
"""

import socket
import threading
from contextlib import suppress

_CHUNK = 64 * 1024
_LOOK_SECONDS = 0.5  # between two looks whether the relay was closed


class Relay:
    """Listens on this machine, and passes on what comes to the server and back.

    When more than `most` bytes came since `passed` was last set to 0, the connection is cut, and `is_over`.
    """

    def __init__(self, host: str, port: int, seconds: float, most: int) -> None:
        """Raises OSError when the server does not answer in so many seconds."""
        self.most = most
        self.passed = 0
        self.is_over = False
        self._is_closed = False
        self._place, self._seconds = (host, port), seconds
        first = self._connect()
        try:
            self._ear = socket.create_server(("127.0.0.1", 0))
        except OSError:
            first.close()
            raise
        self.port: int = self._ear.getsockname()[1]
        threading.Thread(target=self._listen, args=(first,), daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more; connections that are open end with either of their ends."""
        self._is_closed = True

    def _connect(self) -> socket.socket:
        try:
            server = socket.create_connection(self._place, self._seconds)
        except ValueError as error:
            raise OSError(f"{self._place[0]} is no name of a host") from error
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return server

    def _listen(self, server: socket.socket | None) -> None:
        """Serve what connects: libpq does so again to cancel a statement, or to try without encryption."""
        self._ear.settimeout(_LOOK_SECONDS)
        with self._ear:
            while not self._is_closed:
                try:
                    client, _ = self._ear.accept()
                except TimeoutError:
                    continue
                except OSError:
                    break
                try:
                    server = server or self._connect()
                except OSError:
                    client.close()
                    continue
                client.settimeout(None)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()
                server = None
        if server is not None:
            server.close()

    def _pass(self, source: socket.socket, sink: socket.socket, is_counted: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if is_counted:
                    self.passed += len(chunk)
                    if self.passed > self.most:
                        self.is_over = True
                        break
                sink.sendall(chunk)
        for end in (source, sink):  # whoever waits at the other one hears of it
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
