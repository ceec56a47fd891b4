"""A design as small as one can be: a table of 16 words behind a stream of one beat a frame."""

from types import SimpleNamespace

import numpy as np
import pytest
from myhdl import Signal, always, always_comb

from kolam.generators.design import Design, Memory, Stream
from kolam.generators.inspection import Layer
from kolam.hdl import Format, instances, module
from kolam.hdl.image import Image
from kolam.hdl.memories import rom
from kolam.hdl.target import Target


@module
def handshake(
    clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, m_axis_tvalid, m_axis_tready,
    m_axis_tlast, event_frame_error, event_overflow, take,
):  # fmt: skip
    """Take a beat when empty, give one when full; a beat without tlast is a bad frame."""
    full = Signal(bool(0))
    bad = Signal(bool(0))

    @always_comb
    def outputs():
        s_axis_tready.next = not full
        take.next = s_axis_tvalid and not full
        m_axis_tvalid.next = full
        m_axis_tlast.next = full
        event_frame_error.next = bad
        event_overflow.next = 0

    @always(clk.posedge)
    def state():
        if rst:
            full.next = 0
            bad.next = 0
        else:
            bad.next = s_axis_tvalid and not full and not s_axis_tlast
            if full:
                full.next = not m_axis_tready
            else:
                full.next = s_axis_tvalid and s_axis_tlast

    return instances()


@module
def table(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast, m_axis_tdata,
    m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow, image,
):  # fmt: skip
    """Answer every word with a word of the table."""
    take = Signal(bool(0))
    control = handshake(  # noqa: F841
        clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, m_axis_tvalid, m_axis_tready,
        m_axis_tlast, event_frame_error, event_overflow, take,
    )  # fmt: skip
    words = rom(clk, take, s_axis_tdata(4, 0), m_axis_tdata, image=image, style="block")  # noqa: F841
    return instances()


class Table(Design):
    """y = table[x]."""

    engine = "table"
    latency, interval, ready_after_reset = 1, 2, 0
    multipliers, bottleneck, parallelism = 0, "the stream", None

    def __init__(self, words=None, name="squares", target=Target.GENERIC):
        self.table = np.arange(16) ** 2 if words is None else np.asarray(words)
        super().__init__(name, SimpleNamespace(target=target, to_dict=lambda: {"engine": "table"}))

    @property
    def top(self):
        return table, {"image": Image(f"{self.name}_words", 8, tuple(map(int, self.table)))}

    @property
    def streams(self):
        one = {"lanes": 1, "beats": 1, "parts": 1, "element_bits": 8, "order": (0,)}
        return (
            Stream(name="s_axis", format=Format.parse("u4.0"), **one),
            Stream(name="m_axis", format=Format.parse("u8.0"), **one),
        )

    @property
    def memories(self):
        return (
            Memory(
                path="u_words", depth=16, width=8, fields=1, ports=1, read_latency=1,
                style="block", contents=f"{self.name}_words.hex", loadable=False,
            ),
        )  # fmt: skip

    def _layers(self, taken):
        y = self.reference(taken.codes)
        yield Layer(
            name="table", codes=y, format=self.streams[1].format, exact=y.astype(float),
            saturated=self.saturated(taken.codes),
        )  # fmt: skip

    def reference(self, x):
        return self.table[np.asarray(x)].astype(np.int64)

    def saturated(self, x):
        return np.zeros(len(x), np.int64)

    def predict(self, x):
        return self.reference(x).astype(float)


@pytest.fixture(scope="session")
def design():
    """Return the table of squares."""
    return Table()


@pytest.fixture(scope="session")
def make_table():
    """Return the class of such designs."""
    return Table
