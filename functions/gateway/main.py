"""Cloud service `gateway`: every published WebSocket, served by uvicorn on `PORT` (8765).

functions-framework refuses WebSockets, so this is a container's program: `python main.py`.
"""

import os

from casare_cloud.gateway.app import create_app
from casare_cloud.gateway.server import serve

if __name__ == "__main__":
    # A container is reached on all its addresses.
    serve(create_app(), os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8765")))  # noqa: S104
