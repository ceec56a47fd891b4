"""What the tests of several engines share: the cores of a module, each built and compiled once."""

from functools import cache

import pytest

from kolam.generators.fft import build


@pytest.fixture(scope="module")
def places(request, tmp_path_factory):
    """Return where(name): the design of that name in CORES, and a folder that keeps its program."""

    @cache
    def where(name):
        return build(request.module.CORES[name]), tmp_path_factory.mktemp("core")

    return where
