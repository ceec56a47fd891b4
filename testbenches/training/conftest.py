"""Tests that need PyTorch: ./scripts/test --train installs it, and runs them."""

from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
if find_spec("torch") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.train)


@pytest.fixture(autouse=True)
def one_thread():
    """Let sums of floats be added in one order."""
    import torch  # noqa: PLC0415 - not here in the normal tests

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    yield
    torch.set_num_threads(before)
