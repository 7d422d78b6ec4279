"""The Data API as the official Python client meets it: functions, errors, reads under row-level security."""

from tests.contract.platform_target import Platform


def test_a_function_answers_with_its_value(platform: Platform) -> None:
    assert platform.client().rpc("contract_sum", {"a": 1}).execute().data == 11
