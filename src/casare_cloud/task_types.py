"""The types of steps that document 004 names, with what each takes: for editors, and for robots that refuse one.

`needs` says what a robot must have besides Python and HTTP; None: nothing. A workflow may have steps of other types,
too: a plugin of a robot may know them.
"""

from dataclasses import dataclass
from typing import Any, Literal

Needs = Literal["scripts", "browser", "ai", "integrations", "mail", "database"]


@dataclass(frozen=True, slots=True)
class TaskType:
    """A type of steps. `fields` are the properties of its schema, `required` those that must be given."""

    task_type: str
    display_name: str
    description: str
    icon: str
    fields: dict[str, dict[str, Any]]
    required: tuple[str, ...] = ()
    needs: Needs | None = None

    @property
    def config_schema(self) -> dict[str, Any]:
        """The JSON Schema of a step's configuration."""
        return {"type": "object", "properties": self.fields, "required": list(self.required)}


def _text(description: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "string", **({"description": description} if description else {}), **more}


_NUMBER: dict[str, Any] = {"type": "number"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_OBJECT: dict[str, Any] = {"type": "object"}
_LIST: dict[str, Any] = {"type": "array"}
_ANY: dict[str, Any] = {}
_URL = _text("Where to", format="uri")
_SELECTOR = _text("A CSS selector")
_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0, "description": "Seconds"}
_METHOD = _text(enum=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"], default="GET")
_PATH = _text("A path in JSON, such as $.data.items")
_VALIDATE: dict[str, Any] = {
    "type": "object",
    "properties": {"status_code": _ANY, "json_path": _PATH, "contains": _text("A text that must be in the answer")},
}
_EXTRACT: dict[str, Any] = {"type": "object", "properties": {"json_path": _PATH, "headers": _LIST}}
_PAGE: dict[str, dict[str, Any]] = {"url": _URL, "timeout": _SECONDS}
_SCRIPT: dict[str, dict[str, Any]] = {"code": _text("The script"), "timeout": _SECONDS}
_PROMPT: dict[str, dict[str, Any]] = {"prompt": _text(), "model": _text(), "max_tokens": {"type": "integer"}}

TASK_TYPES = (
    TaskType(
        "http_request", "HTTP Request", "Sends a request; an error status fails the step.", "Globe",
        {
            "url": _URL, "method": _METHOD, "headers": _OBJECT, "params": _OBJECT, "body": _ANY,
            "body_type": _text(enum=["json", "form", "text"], default="json"), "auth": _OBJECT, "timeout": _SECONDS,
            "follow_redirects": _FLAG, "expected_status": _ANY,
            "validate": _VALIDATE, "extract": _EXTRACT,
        },
        ("url",),
    ),
    TaskType(
        "http_download", "HTTP Download", "Saves an answer in the folder of the execution.", "Download",
        {"url": _URL, "save_path": _text("Where to, in the folder"), "headers": _OBJECT, "timeout": _SECONDS},
        ("url", "save_path"),
    ),
    TaskType("python_script", "Python Script", "Runs Python, where the robot's owner allows it.", "FileCode",
             {**_SCRIPT, "inputs": _OBJECT}, ("code",), "scripts"),
    TaskType("shell_command", "Shell Command", "Runs a command, where the robot's owner allows it.", "Terminal",
             {"command": _text(), "shell": _text(), "working_dir": _text(), "env": _OBJECT, "timeout": _SECONDS},
             ("command",), "scripts"),
    TaskType("custom_script", "Custom Script", "Runs a script, where the robot's owner allows it.", "Code",
             {**_SCRIPT, "language": _text(enum=["python", "bash", "javascript"], default="python"), "inputs": _OBJECT},
             ("code",), "scripts"),
    TaskType(
        "data_transform", "Data Transform", "Maps, filters, sorts, groups and sums data.", "Shuffle",
        {
            "operation": _text(enum=[
                "map", "filter", "sort", "select", "group_by", "aggregate", "unique", "flatten", "limit", "merge",
                "to_json", "from_json",
            ]),
            "input": _ANY, "expression": _text(), "mapping": _ANY, "fields": _LIST, "field": _text(),
            "function": _text(), "reverse": _FLAG, "limit": _NUMBER,
        },
    ),
    TaskType("file_write", "Write File", "Writes a file in the folder of the execution.", "FileText",
             {"path": _text(), "content": _ANY, "append": _FLAG, "encoding": _text()}, ("path",)),
    TaskType("delay", "Delay", "Waits.", "Clock",
             {"seconds": _SECONDS, "duration_ms": _NUMBER, "until": _text("A time in ISO 8601")}),
    TaskType("condition", "Condition", "Decides which steps after it run.", "GitFork",
             {"expression": _text("A formula, such as count > 3")}, ("expression",)),
    TaskType(
        "loop", "Loop", "Runs steps for each item, a number of times, or while a condition holds.", "Repeat",
        {
            "loop_type": _text(enum=["for_each", "while", "count"], default="for_each"), "items": _ANY,
            "count": _NUMBER, "condition": _text(), "max_iterations": _NUMBER, "item_variable": _text(),
            "body": _LIST, "step": _OBJECT, "steps": _LIST, "on_error": _text(), "delay_between": _ANY,
        },
    ),
    TaskType("api_request", "API Request", "The editor's word for an HTTP request.", "Globe",
             {"url": _URL, "method": _METHOD, "headers": _ANY, "body": _ANY, "timeout_ms": _NUMBER,
              "expected_status": _ANY}, ("url",)),
    TaskType("conditional", "Condition", "The editor's word for a condition, which names its branches.", "GitFork",
             {"condition": _text(), "true_branch": _text(), "false_branch": _text()}, ("condition",)),
    TaskType("web_scraping", "Web Scraping", "The editor's word for reading a page in a browser.", "Search",
             {"url": _URL, "selector": _SELECTOR, "wait_for": _SELECTOR, "timeout_ms": _NUMBER, "use_js": _FLAG,
              "extract_text": _FLAG}, ("url",), "browser"),
    TaskType("form_filling", "Form Filling", "The editor's word for filling a form in a browser.", "FormInput",
             {"url": _URL, "fields": _ANY, "submit_selector": _SELECTOR, "screenshot_after": _FLAG}, ("url",),
             "browser"),
    TaskType("email", "Email", "Sends a mail.", "Mail",
             {"to": _text(), "subject": _text(), "body_template": _text(), "use_html": _FLAG}, ("to",), "mail"),
    TaskType("database", "Database", "Asks a database.", "Database",
             {"connection_string": _text(), "query": _text(), "credential_id": _text()}, ("query",), "database"),
    TaskType("set_variable", "Set Variable", "Gives a variable a value.", "Variable",
             {"name": _text(), "value": _ANY}, ("name",)),
    TaskType("log", "Log", "Writes a line in the log.", "ScrollText",
             {"message": _ANY, "level": _text()}, ("message",)),
    TaskType("file_ops", "File Operation", "Reads, writes, copies, moves, deletes or lists files.", "FolderOpen",
             {"operation": _text(enum=["read", "write", "copy", "move", "delete", "list"]), "source_path": _text(),
              "destination_path": _text(), "content": _ANY}, ("operation",)),
    TaskType("integration_request", "Integration Request", "Sends a request through an integration.", "Plug",
             {"integration_id": _text(), "endpoint": _text(), "method": _METHOD, "data": _ANY},
             ("integration_id",), "integrations"),
    TaskType("integration_health_check", "Integration Health Check", "Checks an integration.", "HeartPulse",
             {"integration_id": _text()}, ("integration_id",), "integrations"),
    TaskType("web_scrape", "Web Scrape", "Reads a page in a browser.", "Search",
             {**_PAGE, "selectors": _ANY, "wait_for": _SELECTOR}, ("url",), "browser"),
    TaskType("form_fill", "Form Fill", "Fills a form in a browser.", "FormInput",
             {**_PAGE, "fields": _LIST, "submit_selector": _SELECTOR}, ("url", "fields"), "browser"),
    TaskType("screenshot", "Screenshot", "Takes a picture of a page.", "Camera",
             {**_PAGE, "selector": _SELECTOR, "full_page": _FLAG, "save_path": _text()}, ("url",), "browser"),
    TaskType("pdf_generate", "PDF", "Makes a PDF of a page.", "FileDown",
             {**_PAGE, "save_path": _text(), "format": _text()}, ("url",), "browser"),
    TaskType("page_interaction", "Page Interaction", "Does several things on a page.", "MousePointer",
             {**_PAGE, "actions": _LIST}, ("url", "actions"), "browser"),
    TaskType("browser_navigate", "Navigate", "Opens a page.", "Compass", _PAGE, ("url",), "browser"),
    TaskType("browser_click", "Click", "Clicks something on the page.", "MousePointerClick",
             {"selector": _SELECTOR, "timeout": _SECONDS}, ("selector",), "browser"),
    TaskType("browser_extract", "Extract", "Reads something from the page.", "TextSelect",
             {"selector": _SELECTOR, "attribute": _text(), "multiple": _FLAG}, ("selector",), "browser"),
    TaskType("ai_ask", "AI Prompt", "Asks an AI.", "Sparkles", _PROMPT, ("prompt",), "ai"),
    TaskType("ai_analyze", "AI Analyze", "Lets an AI analyze data.", "Sparkles",
             {"data": _ANY, "instruction": _text(), "output_format": _text()}, ("data",), "ai"),
    TaskType("ai_decide", "AI Decide", "Lets an AI choose.", "Sparkles",
             {"context": _ANY, "options": _LIST, "criteria": _text()}, ("options",), "ai"),
    TaskType("ai_classify", "AI Classify", "Lets an AI sort a text into categories.", "Sparkles",
             {"text": _text(), "categories": _LIST, "multi_label": _FLAG}, ("text", "categories"), "ai"),
    TaskType("ai_extract", "AI Extract", "Lets an AI read data from a text.", "Sparkles",
             {"text": _text(), "schema_def": _OBJECT}, ("text",), "ai"),
    TaskType("ai_summarize", "AI Summarize", "Lets an AI shorten a text.", "Sparkles",
             {"text": _text(), "max_length": _NUMBER, "style": _text()}, ("text",), "ai"),
)  # fmt: skip
BY_NAME = {task_type.task_type: task_type for task_type in TASK_TYPES}
