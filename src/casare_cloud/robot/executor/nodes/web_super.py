"""The super node for HTTP: requests, files and headers with credentials, by its `action`."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.fetch import METHODS
from casare_cloud.robot.executor.nodes import web
from casare_cloud.robot.executor.nodes.super_nodes import Action, Outputs, action_of, declared_of
from casare_cloud.robot.executor.registry import Next, built_in, node

_declared = built_in("httprequest")
_OPTIONS = {name: option for name, option in _declared.options.items() if name != "method"}


def _request(method: str) -> Action:
    return Action(partial(web.requested, method=method), replace(_declared, options=_OPTIONS))


def _credentials(run: NodeRun, outputs: Outputs) -> Outputs:
    return {"auth_headers": outputs["headers"], "success": True}


HTTP_ACTIONS = {
    **{f"{method} Request": _request(method) for method in METHODS},
    **{method: _request(method) for method in METHODS},
    "Download File": action_of("HttpDownloadNode", web.download, None, {"overwrite": False, "timeout": 30.0}),
    "Upload File": action_of("HttpUploadFileNode", web.upload, None, {"timeout": 30.0}),
    "Configure Auth": action_of("HttpAuthNode", web.auth_headers, {"header_name": "api_key_name"}, also=_credentials),
}


@node("HttpSuperNode", **declared_of(HTTP_ACTIONS, "GET Request", gives="auth_headers"))
def http_super(run: NodeRun) -> Next | Mapping[str, Any] | None:
    """Does what the HTTP node does that its `action` names."""
    return HTTP_ACTIONS[run.choice("action")].run(run)
