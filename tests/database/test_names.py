"""Text that names things is kept in one spelling, so that two that look alike are one name."""

import unicodedata

import pytest
from tests.database.scheduling import create
from tests.databases import Connection
from tests.fleets import Fleet, call

NAME = "Café"
SPLIT = unicodedata.normalize("NFD", NAME)  # as macOS spells it


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "é",
        "e\u0301",
        "\u212b",
        "ﬁ",
        "한글",
        unicodedata.normalize("NFD", "한글"),
        "\u0301x",
        "日本",
        "a\u0338",
        None,
    ],
)
def test_a_text_is_composed_as_python_does_it(owner: Connection, text: str | None) -> None:
    row = owner.execute("select private.nfc(%s) as kept", [text]).fetchone()
    assert row == {"kept": text and unicodedata.normalize("NFC", text)}


@pytest.mark.parametrize(
    "words",
    [
        [], ["a"], ["e\u0301", "b"], ['"e\u0301', "x,\u0301", "{\u0338", "}", "\\e\u0301", " ", "NULL", ""],
        ["\u037e\u0301", "\u1fef", "\u212a"], [None, "e\u0301"], None,
    ],
)  # fmt: skip
def test_each_word_of_a_list_is_composed(owner: Connection, words: list[str | None] | None) -> None:
    row = owner.execute("select private.nfc_words(%s::text[]) as kept", [words]).fetchone()
    assert row == {"kept": words and [word and unicodedata.normalize("NFC", word) for word in words]}


def test_the_names_of_things_are_kept_composed(fleet: Fleet, owner: Connection) -> None:
    tenant, member = fleet.tenant.tenant_id, fleet.member
    call(member, "update_tenant", name=SPLIT)
    call(member, "create_role", name=SPLIT, slug="cafe", permissions=["jobs.read"])
    call(member, "create_api_key", kind="service", name=SPLIT, key_hash=b"k" * 32, prefix="p", scopes=["jobs.read"])
    call(member, "create_pool", name=SPLIT)
    call(member, "submit_workflow", name=SPLIT, definition={"nodes": []})
    create(fleet, name=SPLIT, environment=SPLIT, pool=SPLIT)
    call(
        member, "register_robot", external_id="r", name=SPLIT, hostname=SPLIT, capabilities=[SPLIT], environment=SPLIT,
        tags=[SPLIT],
    )  # fmt: skip
    call(member, "set_limit", scope="key", concurrency_key=SPLIT)
    for query in (
        "select name from public.tenants where tenant_id = %s",
        "select name from public.roles where tenant_id = %s and slug = 'cafe'",
        "select name from public.api_keys where tenant_id = %s and kind = 'service' and prefix = 'p'",
        "select name from public.pools where tenant_id = %s",
        "select name from public.workflows where tenant_id = %s order by created_at desc limit 1",
        "select name from public.schedules where tenant_id = %s",
        "select environment as name from public.schedules where tenant_id = %s",
        "select concurrency_key as name from private.limits where tenant_id = %s",
        *(
            f"select {column} as name from public.robots where tenant_id = %s and external_id = 'r'"
            for column in ("name", "hostname", "environment", "capabilities[1]", "tags[1]")
        ),
    ):
        row = owner.execute(query, [tenant]).fetchone()
        assert row == {"name": NAME}, query


def test_a_job_meets_its_limit_its_twin_and_its_robot_in_either_spelling(fleet: Fleet) -> None:
    robot = fleet.robot(environment=NAME, capabilities=[NAME], tags=[NAME], max_concurrent_jobs=2)
    call(fleet.member, "set_limit", scope="key", concurrency_key=SPLIT)
    wanted = {"environment": NAME, "required_capabilities": [NAME], "required_tags": [SPLIT], "concurrency_key": NAME}
    first = fleet.enqueue(**wanted, dedupe_key=NAME)["job_id"]
    assert fleet.enqueue(**wanted, dedupe_key=SPLIT)["job_id"] == first
    fleet.enqueue(**wanted | {"concurrency_key": SPLIT})
    claimed = fleet.claim(robot, 2)
    assert [job["job_id"] for job in claimed] == [first], "the limit of one holds for both spellings"
