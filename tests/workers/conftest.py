"""Services that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workers.started import Service


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def started(**more: Any) -> Service:
        services.append(Service(tmp_path, **more))
        return services[-1]

    yield started
    for service in services:
        service.end()
