"""What a person sees when the stack is ready: at most 24 lines."""

from collections.abc import Mapping, Sequence


def banner(env: Mapping[str, str], demo_job: Sequence[str], seconds: float) -> str:
    """The ready banner: addresses, masked keys, what there is to say of the demo job, the next commands."""
    lines = [
        f"casare_cloud is ready ({seconds:.1f} s)",
        "",
        f"  Orchestrator   {env['ORCHESTRATOR_URL']}/api/v1   (docs: {env['ORCHESTRATOR_URL']}/docs)",
        f"  Supabase       {env['SUPABASE_URL']}   publishable key {mask(env['SUPABASE_PUBLISHABLE_KEY'])}",
        f"  Demo login     {env['DEMO_USERNAME']} / {mask(env['DEMO_PASSWORD'])}",
        f"  Robot key      {mask(env['ROBOT_API_KEY'])}",
        "  All values     .casare/env",
        "",
    ]
    if demo_job:
        lines += [f"  {line}" for line in demo_job] + [""]
    lines += [
        "  Next:  casare-cloud demo                             run the demo job again, live",
        "         casare-cloud robot run                        start a robot of your own",
        "         casare-cloud jobs submit FILE --watch         send it a workflow and follow it",
        "",
        "  Ctrl-C or `casare-cloud down` stops everything.",
        "",
    ]
    return "\n".join(lines)


def mask(secret: str) -> str:
    """A secret's beginning and end, enough to recognise it."""
    return f"{secret[:12]}…{secret[-3:]}" if len(secret) > 20 else f"{secret[:2]}…{secret[-2:]}"
