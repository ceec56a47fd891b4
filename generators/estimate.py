"""What a chain of support layers will cost on Artix-7, before synthesis.

Counted as kolam.flows.yosys counts; docs/cyclic_sparse.md 11 has the formulas beside what was
measured.
"""

from collections import Counter
from math import ceil

from kolam.generators.design import Memory
from kolam.generators.stream_core import outlet, queue_depth
from kolam.generators.support_plan import SupportPlan
from kolam.hdl.target import Target
from kolam.kernels.bits import bits

_BLOCKS = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))  # half a RAMB36E1
_PACKED = ((4, 4608), (2, 9216), (1, 18432))  # the same with nine words in the place of eight
_NINE = 5  # LUTs a bit that choose among them: 4 to 16 were found, 4 and 5 for wide words
_BYTE = 9  # bits of a block RAM that have a write enable of their own
_SRL = 32  # bits of a shift register
_LUT_WORDS = 64  # of a LUT RAM without a choice behind it
_LUT_RAMS = ((6, 32, 4), (3, 64, 4))  # bits, words, sites: RAM32M, RAM64M


def estimate(
    plans: tuple[SupportPlan, ...], memories: tuple[Memory, ...], argmax: bool = False
) -> dict[str, float]:
    """Return lut, srl, lutram, ff, dsp, bram36 of a core of these layers and memories."""
    head, tail = plans[0], plans[-1]
    cost = Counter[str](lut=30, ff=38 + head.words_in * head.source.width)  # the shell
    width, depth = outlet(tail, argmax).width, queue_depth(tail, argmax)
    cost["srl"] = width * ceil(depth / _SRL) + 1
    if argmax:
        cost.update(_arg_max(tail))
    return _summed([cost, *_layers(plans, memories)])


def by_layer(
    plans: tuple[SupportPlan, ...], memories: tuple[Memory, ...]
) -> list[dict[str, float]]:
    """Return the same for each layer with its memories; what is around them is not in it."""
    return [_summed([cost]) for cost in _layers(plans, memories)]


def _layers(plans: tuple[SupportPlan, ...], memories: tuple[Memory, ...]) -> list[Counter[str]]:
    found = []
    for plan in plans:
        cost = Counter(_layer(plan))
        for memory in memories:
            if memory.path.startswith(f"u_stages_{plan.number}/"):
                cost.update(memory_cost(memory))
        found.append(cost)
    return found


def _summed(costs: list[Counter[str]]) -> dict[str, float]:
    total = sum(costs, Counter[str]())
    counts = {key: total[key] for key in ("lut", "srl", "lutram", "ff", "dsp")}
    return {**counts, "bram36": total["half_blocks"] / 2}


def _layer(plan: SupportPlan) -> dict[str, int]:
    """Control, selectors and rounding; the lanes themselves are in the DSP blocks.

    Only a text for xc7 has sums that hop added there, too; a portable one adds them in LUTs.
    """
    seen = plan.sum_width if plan.bias_late else plan.word_width
    result, rounds = plan.result.width, plan.drop > 0
    lut = _choices(plan.phases_out) * seen + result + (6 if rounds else 3)
    ff = seen + (2 * result + 5 if rounds else result + 1)
    if plan.bias_late:
        lut, ff = lut + seen, ff + plan.word_width
    dsp = _multiplier(plan)
    if dsp > 1:  # the partial products are added outside, roughly
        lut += plan.phases_out * plan.product_width * 3 // 2
        ff += plan.phases_out * plan.product_width * 5 // 2
    hops = plan.lanes if plan.hop and plan.target is not Target.XC7 else 0
    enables = plan.phases_in if plan.phases_in > 4 else 0  # few are part of what is counted
    more_lut, more_ff = _addresses(plan)
    control_lut, control_ff = (1, 35) if plan.anchored else (27, 65)  # whole frames, or rows
    return {
        "lut": control_lut
        + 4 * bits(plan.rows)
        + enables
        + more_lut
        + hops * plan.product_width
        + plan.words_out * lut,
        "ff": control_ff + plan.lanes * seen + more_ff + plan.words_out * ff,
        "dsp": plan.lanes * dsp,
    }


def _addresses(plan: SupportPlan) -> tuple[int, int]:
    """Return LUT and FF of row addresses, beyond those of a counter.

    A walk is an adder for each neighbour, of which every class of banks chooses one; rows that
    are no power of two take another adder and a choice.
    """
    if plan.address != "walk":
        return 0, 0
    width = bits(plan.rows)
    wraps = plan.rows != 1 << width
    neighbours = max(max(c) for c in plan.classes) + 1
    choices = sum(max(c) > 0 for c in plan.classes)
    lut = ((1 + 2 * wraps) * neighbours - 1) * width + choices * (width + 6) + 3 * (1 + wraps)
    return lut, (neighbours - 1) * width + 2 * choices + 3 * (1 + wraps)


def _arg_max(tail: SupportPlan) -> dict[str, int]:
    """Pairs of a beat, and the best of the beats before; four bits compared take three LUTs."""
    width, place, index = tail.result.width, bits(tail.words_out), bits(tail.outputs)
    pairs, compare = tail.words_out - 1, ceil(3 * width / 4)
    several = tail.beats_out > 1
    return {
        "lut": pairs * (compare + width + place) + several * (compare + 2 * index + 3),
        "ff": pairs * (width + place) + several * (width + 2 * index + 3),
    }


def _multiplier(plan: SupportPlan) -> int:
    """DSP blocks of a lane."""
    return dsp_blocks(*(fmt.width + (not fmt.signed) for fmt in (plan.source, plan.weight)))


def dsp_blocks(a: int, b: int) -> int:
    """Return the DSP blocks of a product of signed words: 25 by 18 bits, or parts of 24 by 17."""
    return ceil((max(a, b) - 1) / 24) * ceil((min(a, b) - 1) / 17)


def _choices(words: int) -> int:
    """LUTs a bit that choose among so many words, four to one each."""
    count = 0
    while words > 1:
        count += words // 4 + (words % 4 > 1)
        words = ceil(words / 4)
    return count


def memory_cost(memory: Memory) -> dict[str, int]:
    """Return what a memory takes by its style: lut and ff, lutram, or half_blocks of block RAM."""
    part = ceil(memory.width / memory.fields)
    if memory.style == "logic":
        # words are few, and bits with the same contents are one
        different = min(memory.width, 2**memory.depth)
        return {"lut": different, "ff": different}
    if memory.style == "distributed":
        sites = min(
            ceil(part / width) * ceil(memory.depth / words) * each
            for width, words, each in _LUT_RAMS
        )
        at = bits(memory.depth)  # the read address is kept, as such a memory has no enable
        choice = memory.width * (ceil(memory.depth / _LUT_WORDS) - 1)
        return {"lutram": memory.fields * sites, "lut": at + choice, "ff": 2 * at}
    width = memory.width
    if memory.fields > 1:
        width = memory.fields * _BYTE * ceil(part / _BYTE)
    reads = memory.ports if memory.contents and not memory.loadable else 1
    ways = [
        (ceil(width / w) * (rows := ceil(memory.depth / d)), memory.width * _choices(rows))
        for w, d in _BLOCKS[reads - 1 :]  # two that read share the pins of the widest
    ]
    if memory.fields == 1:
        ways += [
            (ceil(width / w) * ceil(memory.depth / d), memory.width * _NINE) for w, d in _PACKED
        ]
    half_blocks, lut = min(ways)
    return {"half_blocks": half_blocks, "lut": lut}
