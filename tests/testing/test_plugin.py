"""The pytest plug-in as people use it: the page's own code runs, and nothing is imported before it is needed."""

import re
import subprocess
import sys

import pytest

from casare_cloud.local.schema import project_root

pytest_plugins = ["pytester"]

PAGE = project_root() / "docs" / "testing-your-workflows.md"

MORE = """
from datetime import UTC, datetime

import pytest


def test_tenants_do_not_see_each_other(casare_client, casare_stack):
    from casare_cloud.testing.parts import signed_in

    job = casare_client.submit_workflow("Totals", a_workflow())
    with signed_in(casare_stack.make_tenant()) as stranger:
        assert stranger.list_jobs()["jobs"] == []
    assert [each["job_id"] for each in casare_client.jobs()] == [job["job_id"]]


def test_the_clock_is_right_again(casare_clock):
    assert abs((casare_clock.now - datetime.now(UTC)).total_seconds()) < 3600, "a test before this moved it by a day"
    with pytest.raises(ValueError, match="no time zone"):
        casare_clock.set(datetime(2030, 1, 1))
"""


@pytest.mark.long
def test_the_code_of_the_page_runs(pytester: pytest.Pytester) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    pytester.makepyfile(test_flows="\n\n".join([*blocks, MORE]))
    answer = pytester.runpytest_subprocess("-p", "casare_cloud.testing.plugin", "-p", "no:randomly", "-q", timeout=300)
    answer.assert_outcomes(passed=4)


def test_the_page_lists_every_fixture() -> None:
    from casare_cloud.testing import plugin

    fixtures = {name for name in vars(plugin) if name.startswith("casare_")}
    assert fixtures == set(re.findall(r"^\| `(casare_\w+)` \|", PAGE.read_text(), re.MULTILINE))


def test_the_plug_in_imports_next_to_nothing() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import casare_cloud.testing.plugin; "
        "print(sorted(name for name in set(sys.modules) - before))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert answer.stdout.strip() == "['casare_cloud', 'casare_cloud.testing', 'casare_cloud.testing.plugin']"
