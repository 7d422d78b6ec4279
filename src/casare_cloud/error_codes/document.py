"""Writes the reference of error codes, `docs/errors.md`."""

from casare_cloud.error_codes import subjects

PATH = "docs/errors.md"
_HEAD = """# Errors

Every answer other than success has a status, a code for programs and a sentence for people. The orchestrator's body
is `{"detail": "<sentence>", "error_code": "<code>", "request_id": …}`; the Data API has the code in `details`. Switch
on the code: sentences name fields, ids and times, and may change.

This page is made by `make contents` from `src/casare_cloud/error_codes/`; `casare-cloud help CODE` says the same. Codes
of five characters (`42501`) come from Postgres and those that begin with `PGRST` from PostgREST, through the Data API.
Settings that a program refuses at its start have a sentence and no code ([configuration](configuration.md)); why a job
waits has [reason codes](why-is-my-job-waiting.md)."""
_FAILED_JOBS = (
    "A job that failed says why in `error_type` and `error_message`. Besides these words it may be the name of an "
    "exception of Python (`KeyError`), a plugin's own, or the `error_type` of a ThrowErrorNode."
)


def compose() -> str:
    """The document that belongs to the present words."""
    parts = [_HEAD]
    for title, entries in subjects().items():
        parts.append(f"## {title}")
        of_jobs = not any(entry.statuses for entry in entries)
        if of_jobs:
            parts.append(_FAILED_JOBS)
        head = ["code", *([] if of_jobs else ["status"]), "what it means", "why it happens", "what to do"]
        rows = [
            [f"`{e.code}`", *([] if of_jobs else [e.status]), *(_cell(text) for text in (e.means, e.why, e.next_step))]
            for e in entries
        ]
        parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]))
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
