"""quick_inspect gives MyHDL what inspect gives it, sooner."""

import inspect

from myhdl import _block, _instance, _util, _Waiter

from kolam.hdl import quick_inspect

quick = quick_inspect._QuickInspect()


def nested():
    return quick.stack(), inspect.stack()


def sample(x):
    """Do something."""
    text = """
  of
        many lines"""
    return x, text  # a comment


def test_the_stack_has_the_same_frames_and_names() -> None:
    ours, theirs = nested()
    assert [record[0] for record in ours] == [record.frame for record in theirs]
    assert [record[3] for record in ours] == [record.function for record in theirs]


def test_sources_are_the_same() -> None:
    for function in (sample, test_sources_are_the_same, nested):
        for _ in range(2):  # the second answer is remembered
            assert quick.getsource(function) == inspect.getsource(function)
            assert quick.getsourcefile(function) == inspect.getsourcefile(function)
            assert quick.getsourcelines(function) == inspect.getsourcelines(function)


def test_functions_of_one_name_are_told_apart() -> None:
    def made(first):
        if first:

            def twin():
                return 1
        else:

            def twin():
                return 2

        return twin

    assert quick.getsource(made(True)) != quick.getsource(made(False))
    assert quick.getsource(made(True)) == inspect.getsource(made(True))


def test_the_rest_is_inspect_itself() -> None:
    assert quick.signature is inspect.signature
    assert quick.isfunction(sample)


def test_myhdl_asks_here() -> None:
    quick_inspect.install()
    for part in (_block, _instance, _util, _Waiter):
        assert isinstance(part.inspect, quick_inspect._QuickInspect)
    assert not isinstance(inspect, quick_inspect._QuickInspect)
