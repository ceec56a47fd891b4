"""A client that somebody else wrote: cocotbext-axi's source and sink, inside the simulator.

It runs in cocotb's own process. KOLAM_JOB names a JSON file that says what to do (see
test_axi_stream); what was received goes beside it, into received.json.
"""

import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource


def pauses(seed, probability):
    """Yield whether to pause, clock by clock, for ever."""
    draw = random.Random(seed)
    while True:
        yield draw.random() < probability


async def count(dut, pulses):
    """Count the clocks in which each event is high."""
    while True:
        await RisingEdge(dut.clk)
        for name in pulses:
            pulses[name] += bool(getattr(dut, name).value)


@cocotb.test()
async def client(dut):
    """Send all frames, receive as many as are due, then wait whether more come."""
    path = Path(os.environ["KOLAM_JOB"])
    job = json.loads(path.read_text())
    dut.rst.value = 1
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
    if job["gap"]:
        source.set_pause_generator(pauses(job["seed"], job["gap"]))
    if job["stall"]:
        sink.set_pause_generator(pauses(job["seed"] + 1, job["stall"]))
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    pulses = {"event_frame_error": 0, "event_overflow": 0}
    cocotb.start_soon(count(dut, pulses))
    for frame in job["frames"]:
        await source.send(bytes.fromhex(frame))
    received = []
    for _ in range(job["due"]):
        frame = await with_timeout(sink.recv(), 10 * job["patience"], "ns")
        received.append(bytes(frame.tdata).hex())
    await ClockCycles(dut.clk, job["idle"])
    while not sink.empty():
        received.append(bytes(sink.recv_nowait().tdata).hex())
    answer = {"received": received, "idle": source.idle() and sink.idle(), **pulses}
    path.with_name("received.json").write_text(json.dumps(answer))
