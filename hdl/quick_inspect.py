"""What MyHDL asks of `inspect`, answered without reading source files again and again.

MyHDL calls inspect.stack() for every block and process, which looks up the source text of
every frame: nine tenths of the time of an elaboration, more under pytest. It uses only a
frame and a function name of each record. Its source look-ups are kept by code object.
"""

import inspect
import sys
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any

from myhdl import _block, _instance, _util, _Waiter

_StackRecord = tuple[FrameType, None, None, str]
_Sourced = FunctionType | FrameType


class _QuickInspect:
    """The module inspect, with quick answers where MyHDL asks often."""

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)

    @staticmethod
    def stack() -> list[_StackRecord]:
        records: list[_StackRecord] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            records.append((frame, None, None, frame.f_code.co_name))
            frame = frame.f_back
        return records

    @staticmethod
    def getsource(item: _Sourced) -> str:
        return _source_of(item)[0]

    @staticmethod
    def getsourcefile(item: _Sourced) -> str | None:
        return _source_of(item)[1]

    @staticmethod
    def getsourcelines(item: _Sourced) -> tuple[list[str], int]:
        text, _, line = _source_of(item)
        return text.splitlines(keepends=True), line


def _code(item: _Sourced) -> CodeType:
    return item.f_code if isinstance(item, FrameType) else item.__code__


def _source_of(item: _Sourced) -> tuple[str, str | None, int]:
    code = _code(item)
    return _source(code, code.co_filename)


@cache
def _source(code: CodeType, _: str) -> tuple[str, str | None, int]:
    """Return text, file and line; codes of two files may be equal, so the file is told, too."""
    lines, first = inspect.getsourcelines(code)
    return "".join(lines), inspect.getsourcefile(code), first


def install() -> None:
    """Let MyHDL use this from now on."""
    for part in (_block, _instance, _util, _Waiter):
        part.inspect = _QuickInspect()
