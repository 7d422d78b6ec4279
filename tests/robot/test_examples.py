"""What README tells people to submit does its work, with nothing beside it."""

import json

from tests.robot.workflows import Workshop

from casare_cloud.local.schema import project_root


def test_the_basket_is_totalled_without_a_network(workshop: Workshop) -> None:
    done = workshop.run(json.loads((project_root() / "examples" / "basket.json").read_text()))
    assert done["output"] == {"orders": 3, "grand_total": 328.8, "file": "totals.csv"}
    assert (workshop.folder / "totals.csv").read_text().splitlines() == [
        "order,customer,total", "A-1,Ada,39.8", "A-2,Grace,250", "A-3,Alan,39.0",
    ]  # fmt: skip
