"""The environment: honoured, or refused with a sentence that names the variable (document 000)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from casare_cloud.config import ConfigurationError, Settings

SECRET = "s" * 32
DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()


class Reader(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def documented() -> dict[str, str]:
    """(name, default) of each row of the tables."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| \S", DOCUMENTATION, re.MULTILINE)
    return dict(rows)


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    reader = Reader()
    Settings.from_environment(reader)
    assert reader.asked == set(documented())


def test_the_documented_defaults_are_the_defaults() -> None:
    given = {name: value for name, value in documented().items() if value}
    assert Settings.from_environment(given) == Settings.from_environment({}) == Settings()


def test_every_variable_of_document_000_is_in_the_table() -> None:
    published = {
        "JWT_SECRET_KEY", "JWT_ALGORITHM", "JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "JWT_REFRESH_TOKEN_EXPIRE_DAYS",
        "JWT_DEV_MODE", "ROBOT_AUTH_ENABLED", "ROBOT_TOKENS", "DB_ENABLED", "WORKFLOWS_DIR", "WORKFLOW_BACKUP_ENABLED",
        "USE_MEMORY_QUEUE",
    }  # fmt: skip
    assert published <= set(documented())


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"JWT_SECRET_KEY": "short"}, "32 characters"),
        ({"JWT_SECRET_KEY": SECRET, "SUPABASE_JWT_SECRET": "t" * 32}, "they differ"),
        ({"JWT_ALGORITHM": "HS256"}, "needs JWT_SECRET_KEY"),
        ({"JWT_ALGORITHM": "ES256", "JWT_SECRET_KEY": SECRET}, "unset one"),
        ({"JWT_ALGORITHM": "none"}, "JWT_ALGORITHM must be one of HS256, ES256"),
        ({"JWT_ACCESS_TOKEN_EXPIRE_MINUTES": "15"}, "JWT_ACCESS_TOKEN_EXPIRE_MINUTES has no effect"),
        ({"JWT_REFRESH_TOKEN_EXPIRE_DAYS": "30"}, "JWT_REFRESH_TOKEN_EXPIRE_DAYS has no effect"),
        ({"JWT_DEV_MODE": "true"}, "JWT_DEV_MODE"),
        ({"JWT_DEV_MODE": "perhaps"}, "JWT_DEV_MODE must be true or false"),
        ({"ROBOT_TOKENS": f"r:{'0' * 64}"}, "ROBOT_AUTH_ENABLED"),
        ({"DB_ENABLED": "false"}, "DB_ENABLED"),
        ({"USE_MEMORY_QUEUE": "true"}, "USE_MEMORY_QUEUE has no meaning"),
        ({"WORKFLOWS_DIR": "ftp://host/x"}, "WORKFLOWS_DIR"),
        ({"WORKFLOWS_DIR": "s3://"}, "WORKFLOWS_DIR"),
        ({"WORKFLOW_BACKUP_ENABLED": "2"}, "WORKFLOW_BACKUP_ENABLED"),
        ({"CASARE_RATE_LIMITS": "some"}, "CASARE_RATE_LIMITS"),
        ({"CASARE_ALLOWED_ORIGINS": "https://a.test,b.test"}, "CASARE_ALLOWED_ORIGINS must be origins"),
        ({"CASARE_ALLOWED_ORIGINS": "https://a.test/"}, "or *: 'https://a.test/' is none"),
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_refused_at_start(environment: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        Settings.from_environment(environment)


def test_no_refusal_repeats_a_secret() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({"JWT_SECRET_KEY": "s3cret-s3cret", "SUPABASE_JWT_SECRET": "other"})
    assert "s3cret" not in str(caught.value)
    assert SECRET not in repr(Settings.from_environment({"JWT_SECRET_KEY": SECRET}))


def test_the_documented_name_of_the_secret_is_honoured() -> None:
    settings = Settings.from_environment({"JWT_SECRET_KEY": SECRET, "JWT_ALGORITHM": "HS256"})
    assert (settings.supabase_jwt_secret, settings.jwt_algorithm) == (SECRET, "HS256")


def test_robot_tokens_are_pointed_to_their_import(caplog: pytest.LogCaptureFixture) -> None:
    Settings.from_environment({"ROBOT_AUTH_ENABLED": "true", "ROBOT_TOKENS": f"r:{'0' * 64}"})
    assert "casare-cloud keys import-robot-tokens" in caplog.text
