"""The adapters that a project's conftest files name."""

from typing import Any

import pytest


def local_adapters(config: pytest.Config) -> dict[str, Any]:
    """What the conftest hooks of a pytest session name. Raises UsageError where two name the same."""
    local: dict[str, Any] = {}
    for found in config.hook.pytest_pal_adapters(config=config):
        if twice := sorted(set(local) & set(found or {})):
            raise pytest.UsageError(f"two conftest hooks pytest_pal_adapters name {twice[0]!r}; rename one")
        local.update(found or {})
    return local
