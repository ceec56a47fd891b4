"""Target: what a configuration may name."""

import pytest

from kolam.hdl.target import Target


def test_targets_by_name() -> None:
    assert [target.value for target in Target] == ["generic", "xc7", "ecp5", "ice40", "asic"]
    assert all(Target(target.value) is target for target in Target)
    with pytest.raises(ValueError, match="'spartan' is not a valid Target"):
        Target("spartan")
