"""A company to count, on every database."""

from __future__ import annotations

import pytest

from engine.environment import Environment
from tests.case import Clock
from tests.crm.figures import Company


@pytest.fixture
def company(env: Environment, clock: Clock) -> Company:
    return Company(env, clock)
