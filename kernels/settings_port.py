"""Settings at run time: a stream of 32-bit words, taken between data frames.

One frame of the stream is all settings, a word each, in order. Once the last word came and all are
within their limits, `hold` keeps new data frames out until the one that has begun is whole; then
the settings change, and data go on two clocks later. Where a setting `drains`, a change of it also
waits until no frame is under way. A frame of another length, or with a word beyond its limits,
raises `config_error` and changes nothing. A reset brings the defaults back.
Source: docs/design.md 4.
"""

from dataclasses import dataclass
from typing import Any

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, concat, constant, counter, word
from kolam.kernels.frame_hold import frame_hold
from kolam.kernels.link import any_flag_now, connect

WIDTH = 32  # of a word of the stream


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the word of a setting may be.

    drains: a change of it waits until all is empty. below: number of a setting in front, the
    logarithm of a size in the same frame, than which it must be less; None if there is none.
    """

    bits: int
    minimum: int
    maximum: int
    default: int
    drains: bool
    below: int | None = None


@module
def settings_door(
    clk, rst, c_valid, c_ready, c_last, c_data, s_valid, s_ready, s_first, m_valid, m_ready, begun,
    empty, changed, values, config_error, *, limits: tuple[Limits, ...],
) -> Any:  # fmt: skip
    """A settings_port (c_…), and the door behind a frame_guard that keeps new frames out for it.

    begun: a frame is.
    """
    hold = word(1)
    port = settings_port(
        clk, rst, c_valid, c_ready, c_last, c_data, s_first, empty, hold, changed, values,
        config_error, limits=limits,
    )  # fmt: skip
    door = frame_hold(s_valid, s_ready, s_first, hold, m_valid, m_ready, begun)
    return instances()


@module
def settings_port(
    clk, rst, s_valid, s_ready, s_last, s_data, between, empty, hold, changed, values,
    config_error, *, limits: tuple[Limits, ...],
) -> Any:  # fmt: skip
    """Take settings.

    between: the next data beat is the first of a frame; empty: no frame is under way. hold: no
    frame may begin. changed: one that drains has a new value; for the first clock with it, which is
    the last of `hold`. values: all settings, the first in the lowest bits.
    """
    count = len(limits)
    index = word(bits(count))
    takes, applies, misfit = (word(1) for _ in range(3))
    misfits, differing = ([word(1) for _ in limits] for _ in range(2))
    fields, told = ([word(each.bits) for each in limits] for _ in range(2))
    tops = [word(each.bits) for each in limits]
    bounds = [
        None if each.below is None else size_top(told[each.below], tops[k])
        for k, each in enumerate(limits)
    ]
    draining = [differing[k] for k, each in enumerate(limits) if each.drains]
    drains = word(1) if draining else constant(0)
    if draining:
        any_drain = any_flag_now(concat(draining), drains)
    control = settings_control(
        clk, rst, s_valid, s_ready, s_last, misfit, drains, between, empty, index, takes, applies,
        hold, changed, config_error, count=count,
    )  # fmt: skip
    kept = [
        setting(
            clk, rst, s_data, index, takes, applies, misfits[k], differing[k], told[k], fields[k],
            None if each.below is None else tops[k], number=k, minimum=each.minimum,
            maximum=each.maximum, default=each.default,
        )
        for k, each in enumerate(limits)
    ]  # fmt: skip
    any_misfit = any_flag_now(concat(misfits), misfit)
    out = connect(concat(fields), values)
    return instances()


@module
def settings_control(
    clk, rst, s_valid, s_ready, s_last, misfit, drains, between, empty, index, takes, applies,
    hold, changed, config_error, *, count,
):  # fmt: skip
    """Judge frames of settings. takes: a word is; applies: those that were taken are valid now.

    misfit: the word offered is beyond its limits; drains: what was taken may change only while
    `empty`.
    """
    most = count - 1
    now = counter(0, len(index))
    wrong, pending, fresh, other, at_last, move, go = (Signal(bool(0)) for _ in range(7))

    @always_comb
    def look():
        at_last.next = now == most
        move.next = s_valid and not pending
        go.next = pending and between and (empty or not drains)

    @always_comb
    def show():
        s_ready.next = not pending
        index.next = now
        takes.next = move
        applies.next = go
        hold.next = pending or fresh
        changed.next = other

    @always(clk.posedge)
    def follow():
        if rst:
            now.next = 0
            wrong.next = False
            pending.next = False
            fresh.next = False
            other.next = False
            config_error.next = False
        else:
            fresh.next = go
            other.next = go and drains
            config_error.next = move and s_last and (wrong or misfit or not at_last)
            if go:
                pending.next = False
            if move:
                if s_last:
                    now.next = 0
                    wrong.next = False
                    pending.next = at_last and not wrong and not misfit
                else:
                    wrong.next = wrong or misfit or at_last
                    if not at_last:
                        now.next = now + 1

    return instances()


@module
def setting(
    clk, rst, s_data, index, takes, applies, misfits, differs, told, value, most=None, *, number,
    minimum, maximum, default,
):  # fmt: skip
    """Keep one setting: as it was `told`, and the value in force. misfits: its word is no value.

    most: what it may be besides `maximum`.
    """
    size = len(value)
    top = len(s_data)
    mine = Signal(bool(0))
    low, taken, valid = (counter(0, size) for _ in range(3))

    @always_comb
    def choose():
        mine.next = index == number
        low.next = s_data[size:]

    if most is not None:

        @always_comb
        def judge():
            misfits.next = mine and (s_data[top:size] != 0 or low > maximum or low > most)

    elif minimum > 0:

        @always_comb
        def judge():
            misfits.next = mine and (s_data[top:size] != 0 or low < minimum or low > maximum)

    else:

        @always_comb
        def judge():
            misfits.next = mine and (s_data[top:size] != 0 or low > maximum)

    @always_comb
    def show():
        differs.next = taken != valid
        told.next = taken
        value.next = valid

    @always(clk.posedge)
    def take():
        if takes and mine:
            taken.next = low

    @always(clk.posedge)
    def apply():
        if rst:
            valid.next = default
        elif applies:
            valid.next = taken

    return instances()


@module
def size_top(log2_size, top):
    """The largest number less than a size, as far as the word goes."""
    ones = (1 << len(top)) - 1
    tops = tuple(min((1 << k) - 1, ones) for k in range(1 << len(log2_size)))

    @always_comb
    def look():
        top.next = tops[log2_size]

    return instances()
