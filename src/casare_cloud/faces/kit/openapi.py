"""What no route says of itself in an OpenAPI document, and the layers around the routes do: credentials, the refusals
of bodies, the headers of answers, what the groups are about, how to log in, and a line of curl for each operation.
"""

from typing import TYPE_CHECKING, Any

from casare_cloud.faces.kit import code_samples, query_names

if TYPE_CHECKING:
    from casare_cloud.faces.kit.app import App

_COUNTED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_HEADERS_OF = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}
_LOG_IN = """

**How to log in.** A person sends a user name and a password. The answer's `access_token` goes with each request:

```sh
{login}
```

On this page, press *Authorize* and paste the token under *bearer*. A program puts a service key (`sk_live_…`, from
`casare-cloud keys create`) in its place; a robot sends its own key (`crpa_…`) as `X-Api-Key`. In the lines of curl
below, `${address}` is the address of this API and `$TOKEN` the token or the service key. A local stack has the user
`demo`; the password is `DEMO_PASSWORD` in `.casare/env`.
"""
_RESET = {
    "moment": "When the window ends, in seconds since the epoch.",
    "seconds": "The seconds of the window; with 429 those that are left of it.",
}


def complete(document: dict[str, Any], face: "App") -> dict[str, Any]:
    """The document with all of that. Credentials are asked for where no `security: []` stands."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = dict(face.credentials)
    _declare_body_refusals(document, face.refusals.body_refusals())
    components["headers"] = _headers(face)
    _name_headers(document, tuple(face.answer_headers))
    document["security"] = [{name: []} for name in face.credentials]
    document["tags"] = [{"name": name, "description": said} for name, said in face.tags.items()]
    code_samples.add_to(document, face.address)
    login = document["paths"].get(f"{face.base}/auth/login")
    if login is not None:
        said = _LOG_IN.format(login=login["post"]["x-codeSamples"][0]["source"], address=face.address)
        document["info"]["description"] = face.description + said
    return document


def _declare_body_refusals(document: dict[str, Any], sentences: dict[str, str]) -> None:
    """Of what takes a body: the edge refuses one that is too large or compressed, before a route does."""
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                refused = operation["responses"]
                refused |= {status: {**refused["default"], "description": said} for status, said in sentences.items()}
                operation["responses"] = dict(sorted(refused.items()))


def _name_headers(document: dict[str, Any], always: tuple[str, ...]) -> None:
    for path in document["paths"].values():
        for method, operation in path.items():
            is_counted = "429" in operation["responses"]
            is_once = any(parameter["name"] == "idempotency-key" for parameter in operation.get("parameters", ()))
            for status, answer in operation["responses"].items():
                names = ["X-Request-ID", *always]
                if is_counted:  # all but health probes
                    names += [*_COUNTED, *_HEADERS_OF.get(status, ())]
                if is_counted and method == "get":
                    names.append(query_names.HEADER)
                if is_once and status[0] == "2":
                    names.append("Idempotent-Replayed")
                answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(kind: str, description: str, is_always_there: bool = False) -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}, **({"required": True} if is_always_there else {})}


def _headers(face: "App") -> dict[str, Any]:
    limit = "How many requests a window allows. Not there when nothing was counted."
    return {
        "X-Request-ID": _header("string", "The id of the request: the caller's own, or a new one.", True),
        "X-RateLimit-Limit": _header("integer", limit),
        "X-RateLimit-Remaining": _header("integer", "How many are left in this window."),
        "X-RateLimit-Reset": _header("integer", _RESET[face.rate_limits.reset]),
        "Retry-After": _header("integer", "Seconds after which the same request may succeed."),
        "WWW-Authenticate": _header("string", "`Bearer`.", True),
        "Idempotent-Replayed": _header("string", "`true`: this is the answer to the first request with the same key."),
        query_names.HEADER: _header("string", query_names.SAID),
        **{name: _header("string", said, True) for name, said in face.answer_headers.items()},
    }
