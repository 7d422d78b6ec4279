"""The page that shows the API, /docs: Swagger UI from the package fastapi-offline, without requests to other hosts.

URLs are relative, so the page also works where the function answers under a path of its own.
"""

from html import escape
from importlib.resources import files

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from casare_cloud.errors import NotFound

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

# Above the parameters of an operation its line of curl, which Swagger UI does not show by itself.
# Without a validator, of which Swagger UI would ask its own site.
START = """const withCurl = () => ({ wrapComponents: { parameters: (Original, { React }) => props => {
    const samples = props.operation && props.operation.get && props.operation.get("x-codeSamples");
    const source = samples && samples.getIn([0, "source"]);
    return React.createElement(React.Fragment, null,
        source && React.createElement("div", { className: "opblock-description-wrapper" },
            React.createElement("pre", { className: "microlight", tabIndex: 0 }, source)),
        React.createElement(Original, props));
} } });
SwaggerUIBundle({
    url: "openapi.json", dom_id: "#swagger-ui", docExpansion: "none", deepLinking: true, filter: true,
    validatorUrl: null, plugins: [withCurl]
});
"""

ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js")


def router_of(title: str) -> APIRouter:
    """The page of an API that is called so, and its files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def show_page() -> HTMLResponse:
        """The page itself."""
        page = PAGE.replace("{title}", escape(title))
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})

    @router.get("/redoc")
    async def go_to_page() -> RedirectResponse:
        """There is one page."""
        return RedirectResponse("docs")

    @router.get("/docs/start.js")
    async def get_start() -> Response:
        """What starts Swagger UI: a file, because the policy allows no script in the page."""
        return Response(START, media_type="text/javascript")

    @router.get("/docs/{name}")
    async def get_asset(name: str) -> FileResponse:
        """A file of Swagger UI."""
        if name not in ASSETS:
            raise NotFound("NOT_FOUND", "There is no such file.")
        file = files("fastapi_offline") / "static" / name
        return FileResponse(str(file), headers={"Cache-Control": "max-age=3600"})

    return router
