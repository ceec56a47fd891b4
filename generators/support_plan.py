"""A support layer on P lanes: which bank, lane, row and clock every product has.

Output o reads the inputs (step o + j stride) mod inputs, j < fan_in. Input i lies in bank
i mod P, row i div P; lane b has bank b and never reads another. At tap j of group t lane b works
for the group's output

    l = u (b - r_j) mod P,    row = (step t + q_j + c) mod R,    c = (step l + r_j - b) / P

with R = inputs / P rows, q_j, r_j = divmod(j stride, P) and u step = 1 mod P. The sums hop
stride mod P banks on from tap to tap. Everything here is arithmetic on the configuration;
nothing is built. docs/cyclic_sparse.md, sections 5 to 8, has the derivation.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import gcd

import numpy as np
from numpy.typing import NDArray

from kolam.hdl import Format, Overflow, Rounding
from kolam.hdl.target import Target
from kolam.kernels.bits import bits
from kolam.kernels.round_saturate import Activation, round_saturate_latency

_SHALLOW = 32  # words up to which a memory is made of LUTs, where the target has such
_SMALL = (
    1024  # bits up to which a bank is: a block RAM, of which it takes a half, has 18 times that
)
_LOGIC_ROM = 16  # words up to which a ROM costs less as logic


def signed_width(low: int, high: int) -> int:
    """Return the bits of a two's complement word for low <= 0 <= high."""
    return max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a support layer computes, and what it is called; on which lanes is not said yet.

    number: in the chain. layer: the name of the layer of a network that it belongs to, or "";
    support: its number there. source, weight, result: formats of x, w, y. anchored: every output
    reads all inputs, as in dense layers, and all lanes take the same one in a clock.
    """

    number: int
    layer: str = ""
    support: int = 0
    inputs: int
    outputs: int
    fan_in: int
    stride: int
    step: int
    bias: bool
    activation: Activation
    source: Format
    weight: Format
    result: Format
    anchored: bool = False

    @property
    def title(self) -> str:
        """Its name in a sentence: support 1, or fc1, support 1, or fc3 of a dense layer."""
        if not self.layer:
            return f"support {self.number}"
        return self.layer if self.anchored else f"{self.layer}, support {self.support}"

    @property
    def label(self) -> str:
        """Its name in a table: 1, or fc1.1."""
        return f"{self.layer}.{self.support}" if self.layer else f"{self.number}"

    @property
    def key(self) -> str:
        """Its name in a model file: layer0.1, or fc1.1."""
        return f"{self.layer or 'layer0'}.{self.support}"

    @property
    def stem(self) -> str:
        """Its name in the name of a file: layer1, or fc1_1."""
        return f"{self.layer}_{self.support}" if self.layer else f"layer{self.number}"


@dataclass(frozen=True, kw_only=True)
class SupportPlan(Stage):
    """One support layer with its lanes; all fields are checked by the engine's Config.

    words_in, words_out: words a beat of the links before and after; words_in divides the lanes, or
    the inputs of an anchored layer, words_out the lanes. buffers: frames kept, a power of two.
    early_free: a buffer is free once its last group begins, as new words take longer to come.
    """

    lanes: int
    words_in: int
    words_out: int
    buffers: int
    early_free: bool
    rounding: Rounding
    overflow: Overflow
    loadable: bool
    target: Target

    @property
    def banks(self) -> int:
        """Words of a row: one for each lane; of an anchored layer, whose lanes share, a beat."""
        return self.words_in if self.anchored else self.lanes

    @property
    def rows(self) -> int:
        """Rows of a frame: words of it in a bank."""
        return self.inputs // self.banks

    @property
    def groups(self) -> int:
        """Groups of outputs; the last one may have idle lanes."""
        return -(-self.outputs // self.lanes)

    @property
    def interval(self) -> int:
        """Clocks that a frame needs: one for each tap of each group."""
        return self.fan_in * self.groups

    @property
    def phases_in(self) -> int:
        """Beats that fill a row."""
        return self.banks // self.words_in

    @property
    def phases_out(self) -> int:
        """Beats of results that a group gives, at most fan_in; the last one of a frame: tail."""
        return self.lanes // self.words_out

    @property
    def tail(self) -> int:
        """Beats of the last group."""
        return -(-(self.outputs - (self.groups - 1) * self.lanes) // self.words_out)

    @property
    def beats_out(self) -> int:
        """Beats of a frame of results."""
        return (self.groups - 1) * self.phases_out + self.tail

    @cached_property
    def quotients(self) -> tuple[int, ...]:
        """q_j: rows that tap j is ahead."""
        return tuple(j * self.stride // self.lanes for j in range(self.fan_in))

    @cached_property
    def remainders(self) -> tuple[int, ...]:
        """r_j: banks that tap j is ahead."""
        return tuple(j * self.hop % self.lanes for j in range(self.fan_in))

    @property
    def hop(self) -> int:
        """Banks that the sums move on from tap to tap; 0: they stay."""
        return 0 if self.anchored or self.fan_in == 1 else self.stride % self.lanes

    @cached_property
    def served(self) -> NDArray[np.int64]:
        """(taps, lanes): the output of the group for which a lane works."""
        inverse = pow(self.step, -1, self.lanes) if self.lanes > 1 else 0
        banks = np.arange(self.lanes)[None, :]
        ahead = np.array(self.remainders)[:, None]
        return np.asarray(inverse * (banks - ahead) % self.lanes)

    @cached_property
    def carries(self) -> NDArray[np.int64]:
        """(taps, lanes): c, the rows beyond step t + q_j."""
        banks = np.arange(self.lanes)[None, :]
        ahead = np.array(self.remainders)[:, None]
        return np.asarray((self.step * self.served + ahead - banks) // self.lanes)

    @cached_property
    def classes(self) -> tuple[tuple[int, ...], ...]:
        """The different columns of carries: banks of one class read the same rows."""
        columns = {tuple(int(c) for c in column) for column in self.carries.T}
        return tuple(sorted(columns, key=lambda column: (-sum(column), column)))

    @cached_property
    def members(self) -> tuple[tuple[int, ...], ...]:
        """The banks of each class."""
        if self.anchored:
            return (tuple(range(self.banks)),)
        columns = [tuple(int(c) for c in column) for column in self.carries.T]
        return tuple(
            tuple(b for b, column in enumerate(columns) if column == kind) for kind in self.classes
        )

    @cached_property
    def written(self) -> tuple[tuple[int, ...], ...]:
        """For each class, how many of its banks each beat of a row writes, none left out."""
        phases = [[b // self.words_in for b in members] for members in self.members]
        return tuple(tuple(beats.count(k) for k in sorted(set(beats))) for beats in phases)

    @cached_property
    def result_lanes(self) -> tuple[int, ...]:
        """The lane in which the sum of the group's output l ends."""
        last = self.remainders[-1]
        return tuple((self.step * out + last) % self.lanes for out in range(self.lanes))

    @cached_property
    def reach(self) -> int:
        """Group t reads no row beyond step t + reach, or beyond the frame."""
        furthest = int(np.max(np.array(self.quotients)[:, None] + self.carries))
        return self.rows - 1 if self.anchored else min(furthest, self.rows - 1)

    @property
    def row_step(self) -> int:
        """Rows from group to group."""
        return 0 if self.anchored else self.step

    @property
    def even(self) -> bool:
        """Whether a row is written for every group, so that one counter tells both."""
        return self.row_step == 1 and self.groups == self.rows

    @property
    def address(self) -> str:
        """Form of the row addresses (kernels/row_address).

        counter or walk; of an anchored layer tap, where a row is a word, or turn.
        """
        if self.anchored:
            return "tap" if self.banks == 1 else "turn"
        if self.step == 1 and self.cyclic and 0 < (self.fan_in - 1) * self.stride < self.lanes:
            return "counter"
        return "walk"

    @property
    def cyclic(self) -> bool:
        """Whether the row after the last group's is that of the first one."""
        return self.row_step * self.groups % self.rows == 0

    @cached_property
    def moves(self) -> tuple[int, ...]:
        """Rows from tap to tap, the last one to the group that follows; modulo rows."""
        steps = [after - now for now, after in pairwise(self.quotients)]
        return tuple(m % self.rows for m in (*steps, self.row_step - self.quotients[-1]))

    @property
    def moves_back(self) -> tuple[int, ...]:
        """The moves less rows, in two's complement of one bit more than a row has."""
        return tuple(m - self.rows + (2 << bits(self.rows)) for m in self.moves)

    @cached_property
    def limits(self) -> tuple[int, int]:
        """The least and the largest sum of products."""
        x, w = self.source, self.weight
        products = [a * b for a in (x.minimum, x.maximum) for b in (w.minimum, w.maximum)]
        return self.fan_in * min(0, *products), self.fan_in * max(0, *products)

    @property
    def shift(self) -> int:
        """Fraction bits that the sum has beyond the result."""
        return self.source.fraction + self.weight.fraction - self.result.fraction

    @property
    def bias_early(self) -> bool:
        """Whether sums start from their biases, a word of them for each group.

        Else adders follow the selection: where sums hop, which start from nothing; where biases
        are loaded; where a group is over before its biases come; or where that costs fewer LUTs.
        Of a ROM of LUTs equal bits are one, and of n words there are no more than 2**n.
        """
        if not self.bias or self.hop or self.loadable or self.fan_in <= self.read_latency + 1:
            return False
        shallow = [depth <= _LOGIC_ROM for depth in (self.groups, self.beats_out)]
        adders = self.words_out * self.sum_width * (1 + shallow[1])
        different = min(self.lanes * self.sum_width, 2**self.groups)
        return self.lanes <= self.words_out or (shallow[0] and different <= adders)

    @property
    def bias_late(self) -> bool:
        """Whether an adder follows the lanes."""
        return self.bias and not self.bias_early

    @property
    def half(self) -> int:
        """Added to every sum upstream of the rounding, so that it need only truncate; or 0."""
        early = self.bias or not self.hop
        if self.rounding is Rounding.HALF_UP and self.shift > 0 and early:
            return 1 << self.shift - 1
        return 0

    @property
    def product_width(self) -> int:
        """Bits of the accumulator: the exact sum, with what it starts from."""
        low, high = self.limits
        if self.bias_early:
            return self.sum_width
        return signed_width(low, high + (0 if self.bias else self.half))

    @property
    def bias_width(self) -> int:
        """Bits of a bias: those of the exact sum of products."""
        return signed_width(*self.limits)

    @property
    def sum_width(self) -> int:
        """Bits of the exact sum with a bias, which is a word of bias_width, and the half."""
        if not self.bias:
            return self.product_width
        low, high = self.limits
        span = 1 << self.bias_width - 1
        return signed_width(low - span, high + span - 1 + self.half)

    @property
    def drop(self) -> int:
        """Fraction bits that the rounding unit sees and drops."""
        if self.shift <= 0 or self.half or self.rounding is Rounding.TRUNCATE:
            return 0
        return 1 if self.rounding is Rounding.HALF_UP else self.shift

    @property
    def low(self) -> int:
        """Lowest bit of the sum that the rounding unit sees; negative: zeros are appended."""
        return self.shift - self.drop

    @property
    def word_width(self) -> int:
        """Bits that the rounding unit sees: all that may count, and more than the result."""
        return max(self.sum_width - self.low, self.result.width + self.drop + 1)

    @property
    def read_latency(self) -> int:
        """Clocks from address to data, of activations and weights alike."""
        return 2 if self.target is Target.ECP5 else 1

    @property
    def tail_latency(self) -> int:
        """Clocks from the last tap of a group to its first beat of results."""
        narrowing = round_saturate_latency(self.drop, self.overflow)
        return self.read_latency + 5 + narrowing + self.bias_latency * self.bias_late

    @property
    def decision(self) -> int:
        """Clocks from the beat that completes a row to the begin of the group that waits."""
        return 2 if self.fan_in > 2 else 1

    @property
    def bank_depth(self) -> int:
        """Words of a bank: the buffers of a row lie side by side, so that none is left over."""
        return self.buffers * max(2, self.rows)

    @property
    def bank_style(self) -> str:
        """block, or distributed where a bank is shallow or small.

        Not small ones of ECP5, whose LUT RAM has 16 words: the selector behind would be slow; nor
        those of dense layers, which have one.
        """
        small = self.bank_depth * self.source.width <= _SMALL and not self.anchored
        small = small and self.target is not Target.ECP5
        return "distributed" if small or self.bank_depth <= _SHALLOW else "block"

    @property
    def weight_depth(self) -> int:
        """Words of the weight memory; a word has a weight for every lane."""
        return self.interval

    @property
    def weight_style(self) -> str:
        """block, or logic where a ROM is shallow."""
        if self.loadable:
            return "distributed" if self.weight_depth <= _SHALLOW else "block"
        return "logic" if self.weight_depth <= _LOGIC_ROM else "block"

    @property
    def bias_latency(self) -> int:
        """Clocks from the address of a bias to the bias."""
        return self.read_latency if self.bias_style == "block" else 1

    @property
    def bias_style(self) -> str:
        """block, or logic where a ROM is shallow."""
        if self.loadable:
            return "distributed" if self.bias_depth <= _SHALLOW else "block"
        return "logic" if self.bias_depth <= _LOGIC_ROM else "block"

    @property
    def bias_depth(self) -> int:
        """Words of the bias memory."""
        return self.groups if self.bias_early else self.beats_out

    @property
    def bias_fields(self) -> int:
        """Biases of a word: one for each lane, or for each word of a beat of results."""
        return self.lanes if self.bias_early else self.words_out

    def begins(self, arrivals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the clock in which each group of the first frame begins.

        arrivals: the clock of each beat of a frame that comes in. b_t = max over s <= t of
        (a_s + (t - s) fan_in), a_s when the rows of group s are known to be there.
        """
        t = np.arange(self.groups)
        rows = np.minimum(self.row_step * t + self.reach, self.rows - 1)
        ready = arrivals[(rows + 1) * self.phases_in - 1] + self.decision
        return np.asarray(np.maximum.accumulate(ready - self.fan_in * t) + self.fan_in * t)

    def freed(self, begins: NDArray[np.int64]) -> int:
        """Return the clock in which the first frame's buffer is free again."""
        last = int(begins[-1])
        return last + 1 if self.early_free else last + self.fan_in + 1

    def departures(self, begins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the clock of each beat of results, of groups that begin at these clocks."""
        first = begins + self.fan_in + self.tail_latency
        beats = first[:, None] + np.arange(self.phases_out)
        return beats.ravel()[: self.beats_out]

    def in_tap_order(self, weights: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (outputs, taps) of weights as they are given: of an anchored one, its matrix.

        Its first tap is the last word of row 0; row 1 follows, ..., and the rest of row 0.
        """
        return np.roll(weights, 1 - self.banks, axis=1) if self.anchored else weights

    def weight_words(self, weights: NDArray[np.int64]) -> tuple[int, ...]:
        """Return the weight memory for codes (outputs, fan_in): word t fan_in + j, field a lane."""
        padded = np.zeros((self.groups * self.lanes, self.fan_in), np.int64)
        padded[: self.outputs] = self.in_tap_order(weights)
        grouped = padded.reshape(self.groups, self.lanes, self.fan_in)
        mask = (1 << self.weight.width) - 1
        words = []
        for t in range(self.groups):
            for j in range(self.fan_in):
                fields = grouped[t, self.served[j], j].tolist()
                words.append(
                    sum((int(v) & mask) << b * self.weight.width for b, v in enumerate(fields))
                )
        return tuple(words)

    def bias_words(self, bias: NDArray[np.int64]) -> tuple[int, ...]:
        """Return the bias memory, the half included: a word a group, or a beat of results."""
        padded = np.zeros(self.bias_depth * self.bias_fields, np.int64).astype(object)
        padded[: self.outputs] = [int(v) + self.half for v in bias]
        rows = padded.reshape(self.bias_depth, self.bias_fields)
        if self.bias_early:
            rows = rows[:, self.served[0]]
        mask = (1 << self.sum_width) - 1
        return tuple(
            sum((v & mask) << k * self.sum_width for k, v in enumerate(row)) for row in rows
        )


def legal_lanes(inputs: int, outputs: int, step: int, *, anchored: bool = False) -> list[int]:
    """Return the lane counts a support layer can have: divisors of inputs, coprime to step.

    Beyond the first that serves all outputs at once no more lanes help, and none are listed. An
    anchored layer has no banks to meet: the fewest lanes for each number of groups.
    """
    if anchored:
        return sorted({-(-outputs // groups) for groups in range(1, outputs + 1)})
    lanes = [p for p in range(1, inputs + 1) if inputs % p == 0 and gcd(step, p) == 1]
    enough = [p for p in lanes if p >= outputs]
    return [p for p in lanes if p <= (enough[0] if enough else inputs)]


def link_words(lanes: int, fan_in: int, following: int) -> int | None:
    """Return the words a beat of a link: the fewest that keep up and divide both its ends."""
    common = gcd(lanes, following)
    return next((u for u in range(1, common + 1) if common % u == 0 and u * fan_in >= lanes), None)
