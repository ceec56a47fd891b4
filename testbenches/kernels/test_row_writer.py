"""row_writer: every place is a closed formula of the beats since reset."""

from pathlib import Path

import pytest

from kolam.kernels.bits import bits
from kolam.kernels.row_writer import row_writer
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model

SHAPES = [  # phases, rows, buffers
    (1, 1, 2), (1, 2, 2), (2, 1, 2), (1, 5, 4), (3, 1, 4), (3, 2, 2), (4, 8, 2), (5, 3, 8),
]  # fmt: skip


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def arguments(phases, rows, buffers):
    names = "clk rst frame_begin valid frame_read free row_done"
    ports = {name: bit() for name in names.split()}
    ports |= {"enables": word(phases), "row": word(bits(rows)), "write_buffer": word(bits(buffers))}
    return {**ports, "phases": phases, "rows": rows, "buffers": buffers}


class Producer:
    """Begins frames where there is room, gives each its beats, and reads frames that are whole."""

    def __init__(self, ports, beats):
        self.ports, self.beats = ports, beats
        self.left = self.begun = self.read = self.written = 0
        self.now = (0, 0, 0, 0)

    def decide(self, clock, random):
        """Return rst, frame_begin, valid and frame_read of a clock."""
        if clock < 2 or random.random() < 0.005:
            self.left = self.begun = self.read = self.written = 0
            return 1, 0, 0, 0
        begin = self.left == 0 and bool(self.ports["free"]) and random.random() < 0.7
        if begin:
            self.left = self.beats
            self.begun += 1
        valid = self.left > 0 and random.random() < 0.8
        read = self.written > self.read and random.random() < 0.3 / self.beats
        self.left -= valid
        self.read += read
        self.written += valid and self.left == 0
        return 0, begin, valid, read

    def driver(self, index):
        def value(clock, random):
            if index == 0:  # rst is the first input
                self.now = self.decide(clock, random)
            return int(self.now[index])

        return value


@pytest.mark.parametrize("shape", SHAPES)
def test_beats_fill_rows_and_frames_fill_buffers(shape):
    phases, rows, buffers = shape
    ports = arguments(*shape)
    producer = Producer(ports, phases * rows)
    record = run_model(
        row_writer, ports, clocks=60 + 16 * phases * rows * buffers,
        drive={
            name: producer.driver(k)
            for k, name in enumerate(("rst", "frame_begin", "valid", "frame_read"))
        },
    )  # fmt: skip
    beats = begun = read = fullest = turned = 0
    for n, ((rst, begin, valid, frame_read), outputs) in enumerate(record.rows):
        free, row_done, enables, row, write_buffer = outputs
        if n:
            assert row == beats // phases % rows
            assert write_buffer == beats // (phases * rows) % buffers
            assert enables == (1 << beats % phases if valid else 0)
            assert row_done == (valid and beats % phases == phases - 1)
            assert free == (begun - read < buffers)
            fullest = max(fullest, begun - read)
        turned += valid and beats == buffers * phases * rows
        beats, begun, read = (0, 0, 0) if rst else (beats + valid, begun + begin, read + frame_read)
    assert fullest == buffers
    assert turned


def test_verilog_is_the_model(tmp_path: Path) -> None:
    """Even where the promises of a link are broken."""
    records = [
        run_model(row_writer, arguments(*shape), name="writer{}x{}x{}".format(*shape), clocks=300)
        for shape in SHAPES
    ]
    assert replay(records, tmp_path) == []
