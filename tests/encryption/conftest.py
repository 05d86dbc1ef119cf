"""A ground for each test."""

import pytest

from tests.encryption.ground import Ground


@pytest.fixture
async def ground(kafka: str) -> Ground:
    made = Ground(kafka)
    await made.make()
    return made
