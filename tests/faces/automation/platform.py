"""A face whose people register and log in: the emulated Auth, and tokens that it has signed."""

import json
from collections.abc import Iterator

import jwt
import pytest
from tests.databases import Database
from tests.faces.conftest import Signer
from tests.faces.platform import running_platform

from casare_cloud.config import Settings


@pytest.fixture(scope="module")
def settings(shared_database: Database) -> Iterator[Settings]:
    """Auth is there."""
    with running_platform(shared_database) as settings:
        yield settings


@pytest.fixture(scope="module")
def signer(settings: Settings) -> Signer:
    """Signs as Auth does."""
    return Signer("platform-key", jwt.algorithms.ECAlgorithm.from_jwk(json.loads(settings.signing_key)))
