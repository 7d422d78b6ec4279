"""How long the model is tried: as `make test` may take; in `make test-nightly`: for long, with new lives."""

from hypothesis import HealthCheck, Phase, Verbosity, settings
from tests.servers import is_nightly

_COMMON = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def chosen() -> settings:
    """What the run asks for."""
    if is_nightly():
        return settings(_COMMON, max_examples=1500, stateful_step_count=80, derandomize=False)
    return settings(_COMMON, max_examples=30, stateful_step_count=30)


def hunting() -> settings:
    """For a fault that is known to be there: look for long, always in the same order, and do not make it smaller."""
    return settings(
        _COMMON,
        max_examples=400,
        stateful_step_count=40,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
    )
