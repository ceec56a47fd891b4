"""A chain of support layers behind AXI4-Stream: the top of all cores that are chains.

    s_axis ─► frame_guard ─► entry_register ─► (width_converter) ─► layers ─► (arg_max) ─► FIFO
                   │ verdict of each frame                       (Links)                    │
                   └────────────────────────────────────► frame_gate ◄──────────────────────┘
                                       m_axis ◄── (width_converter) ◄──┘

Where weights are loadable, weight_loader keeps new frames out while it fills the memories.
"""

from typing import Any, NamedTuple

from kolam.generators.design import Stream
from kolam.generators.support_layer import support_layer
from kolam.generators.support_plan import SupportPlan
from kolam.hdl import Format, instances, module
from kolam.hdl.target import Target
from kolam.kernels.arg_max import arg_max, arg_max_latency
from kolam.kernels.bits import bits, concat, constant, field, word
from kolam.kernels.delay import pulse_delay
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import entry_register, frame_guard
from kolam.kernels.frame_hold import frame_hold, frames_under_way
from kolam.kernels.link import any_event, connect, either_event, first_beat, link_source
from kolam.kernels.stream_fifo import output_fifo
from kolam.kernels.weight_loader import weight_loader
from kolam.kernels.width_converter import width_converter


@module
def core(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow,
    s_axis_weight_tdata=None, s_axis_weight_tvalid=None, s_axis_weight_tready=None,
    s_axis_weight_tlast=None, *, layers: tuple[Any, ...], source: Stream, sink: Stream,
    argmax: bool,
) -> Any:  # fmt: skip
    """A chain of support layers behind AXI4-Stream."""
    plans = [plan for plan, _ in layers]
    head, tail = plans[0], plans[-1]
    style = "shift" if head.target in (Target.GENERIC, Target.XC7) else "ram"

    # input: whole frames only, each announced to the first layer
    width = source.format.width
    elements = [
        s_axis_tdata(k * source.element_bits + width, k * source.element_bits)
        for k in range(source.lanes)
    ]
    framed, entering = word(source.lanes * width), word(source.lanes * width)
    g_valid, g_ready, g_first, g_pad, verdict_valid, verdict_good = (word(1) for _ in range(6))
    frame_error = word(1) if head.loadable else event_frame_error
    guard = frame_guard(
        clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, concat(elements),
        g_valid, g_ready, framed, g_first, g_pad, verdict_valid, verdict_good, frame_error,
        beats=source.beats,
    )  # fmt: skip
    images = [image for _, pair in layers for image in pair if image is not None]
    frame_ends = [word(1) for _ in plans]
    loads: list[Any] = [None] * len(images)
    load_at, load_word = None, None
    if head.loadable:
        d_valid, d_ready, hold, begun, ended, empty, load_error = (word(1) for _ in range(7))
        frames = sum(p.buffers for p in plans) + 3  # in layers, register, converter, the last one
        deepest = max(image.depth for image in images)
        enables, load_at = word(len(images)), word(bits(deepest))
        gone = pulse_delay(
            clk, rst, frame_ends[-1], ended, clocks=tail.tail_latency + tail.phases_out
        )
        census = frames_under_way(clk, rst, begun, ended, empty, most=frames)
        loader = weight_loader(
            clk, rst, s_axis_weight_tvalid, s_axis_weight_tready, s_axis_weight_tlast, empty,
            hold, enables, load_at, load_error, depths=tuple(image.depth for image in images),
        )  # fmt: skip
        door = frame_hold(g_valid, g_ready, g_first, hold, d_valid, d_ready, begun)
        either = either_event(frame_error, load_error, event_frame_error)
        loads = [field(enables, k, 1) for k in range(len(images))]
        load_word = s_axis_weight_tdata
    else:
        d_valid, d_ready = g_valid, g_ready
    n_valid, n_ready, n_first = (word(1) for _ in range(3))
    register = entry_register(
        clk, rst, d_valid, d_ready, g_first, g_pad, framed, n_valid, n_ready, n_first, entering
    )
    if source.lanes == head.words_in:
        taken, e_valid, e_ready, e_first = entering, n_valid, n_ready, n_first
    else:
        taken = word(head.words_in * width)
        e_valid, e_ready, e_first, e_last = (word(1) for _ in range(4))
        widen_in = width_converter(
            clk, rst, n_valid, n_ready, entering, e_valid, e_ready, taken, e_last,
            s_lanes=source.lanes, m_lanes=head.words_in, elements=source.elements,
        )  # fmt: skip
        first_in = first_beat(clk, rst, e_valid, e_ready, e_last, e_first)

    # the layers between their links
    count = len(plans)
    begins = [word(1) for _ in range(count + 1)]
    valids = [word(1) for _ in range(count + 1)]
    frees = [word(1) for _ in range(count)] + [constant(1)]
    datas = [taken] + [word(p.words_out * p.result.width) for p in plans]
    over = [word(1) for _ in plans]
    room = word(1)
    entry = link_source(e_valid, e_ready, e_first, frees[0], begins[0], valids[0])
    stages = [
        support_layer(
            clk, rst, begins[k], valids[k], datas[k], frees[k],
            begins[k + 1], valids[k + 1], datas[k + 1], frees[k + 1],
            room if k == count - 1 else constant(1), frame_ends[k], over[k],
            loads[images.index(weights)], loads[images.index(biases)] if biases else None,
            load_at, load_word, number=k, plan=plan, weights=weights, biases=biases,
        )
        for k, (plan, (weights, biases)) in enumerate(layers)
    ]  # fmt: skip
    overflow = any_event(clk, rst, concat(over), event_overflow)

    # output: results wait for their place and for the frame's verdict
    last_link = outlet(tail, argmax)
    reserve, depth = flight(tail, argmax), queue_depth(tail, argmax)
    given_valid, given = valids[-1], datas[-1]
    if argmax:
        given_valid, given = word(1), word(last_link.width)
        largest = arg_max(
            clk, rst, valids[-1], datas[-1], given_valid, given,
            words=tail.words_out, elements=tail.outputs, signed=tail.result.signed,
        )  # fmt: skip
    queued = word(len(given))
    q_valid, q_ready = word(1), word(1)
    queue = output_fifo(
        clk, rst, given_valid, given, q_valid, q_ready, queued, room,
        depth=depth, reserve=reserve, style=style,
    )  # fmt: skip
    # frames judged and not yet through: in buffers, in the queue, one at either end, and one
    # of a single beat in the entry register
    flying = sum(p.buffers for p in plans) + -(-depth // last_link.beats) + 3
    judged = 1 << (flying - 1).bit_length()
    passed = word(len(given))
    if sink.lanes == last_link.words:
        gate = frame_gate(
            clk, rst, q_valid, q_ready, queued, verdict_valid, verdict_good,
            m_axis_tvalid, m_axis_tready, passed, m_axis_tlast,
            beats=last_link.beats, frames=judged, style=style,
        )  # fmt: skip
        results = passed
    else:
        p_valid, p_ready, p_last = (word(1) for _ in range(3))
        gate = frame_gate(
            clk, rst, q_valid, q_ready, queued, verdict_valid, verdict_good,
            p_valid, p_ready, passed, p_last,
            beats=last_link.beats, frames=judged, style=style,
        )  # fmt: skip
        results = word(sink.lanes * sink.format.width)
        widen_out = width_converter(
            clk, rst, p_valid, p_ready, passed, m_axis_tvalid, m_axis_tready, results, m_axis_tlast,
            s_lanes=last_link.words, m_lanes=sink.lanes, elements=sink.elements,
        )  # fmt: skip
    out = connect(_bytes(results, sink), m_axis_tdata)
    return instances()


class Outlet(NamedTuple):
    """What comes behind the last layer: words a beat, beats a frame, the format of a word.

    latency: clocks from the last beat of the layer to that of the frame.
    """

    words: int
    beats: int
    format: Format
    latency: int

    @property
    def width(self) -> int:
        """Bits of a beat."""
        return self.words * self.format.width


def outlet(plan: SupportPlan, argmax: bool) -> Outlet:
    """Return what comes behind a last layer: its own results, or an index a frame."""
    if argmax:
        index = Format(False, bits(plan.outputs), 0)
        return Outlet(1, 1, index, arg_max_latency(plan.words_out))
    return Outlet(plan.words_out, plan.beats_out, plan.result, 0)


def flight(plan: SupportPlan, argmax: bool = False) -> int:
    """Return the beats that may still come behind a last layer once it no longer sees room."""
    clocks = plan.fan_in + plan.tail_latency + outlet(plan, argmax).latency + 2
    groups = -(-clocks // plan.fan_in) + 1
    return -(-groups // plan.groups) if argmax else groups * plan.phases_out


def queue_depth(plan: SupportPlan, argmax: bool = False) -> int:
    """Return the beats of the output FIFO: what is on its way, a group more, a power of two."""
    more = 1 if argmax else plan.phases_out
    return 1 << (flight(plan, argmax) + more).bit_length()


def _bytes(results: Any, sink: Stream) -> Any:
    """Return the words of a beat, each extended to whole bytes."""
    width, parts = sink.format.width, []
    for k in range(sink.lanes):
        parts.append(field(results, k, width))
        spare = sink.element_bits - width
        if spare and sink.format.signed:
            parts += [results((k + 1) * width - 1)] * spare
        elif spare:
            parts.append(constant(0, spare))
    return concat(parts)
