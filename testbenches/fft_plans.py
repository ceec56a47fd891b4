"""For tests of the FFT's golden model: its plans by the page, and the frames that are asked.

Rotators are those of the forms that docs/fft.md 1 names; a plan of n stages has 2^n points, or
twice as many real ones. Frames are codes (frames, 2^n, 2); as_frames makes them what a plan takes.
"""

import itertools

import numpy as np

from kolam.reference import fft


def natural(n):
    """Radix 2^2 for natural input, as the page's table has it."""
    return tuple((s, s - 1, n) for s in range(2, n, 2))


def mirror(n, rotators):
    """Stage s becomes stage n + 1 - s."""
    return tuple((n - s, n + 1 - q, n + 1 - p) for s, p, q in rotators)


def mirrored(n):
    """Radix 2^2 for bit-reversed input."""
    return mirror(n, natural(n))


def radix16(n, *, reverse=False):
    """Return radix 2^4 as fields: the rotators, and which are lifted."""
    stages = list(range(1, n + 1))
    groups = [stages[: n % 4]] if n % 4 else []
    groups += [stages[i : i + 4] for i in range(n % 4, n, 4)]
    between = tuple((group[-1], group[0], n) for group in groups[:-1])
    own = tuple((group[0] + 1, group[0], group[-1]) for group in groups if len(group) > 2)
    if reverse:
        between, own = mirror(n, between), mirror(n, own)
    return {"rotators": between + own, "lifted": tuple(s for s, _, _ in own)}


def lifting_forms(n, rng):
    """Return radix 2^4, its mirror, and a random tree with whatever can be lifted, as fields."""
    tree = random_tree(n, rng)
    short = tuple(s for s, p, q in tree if q - p <= 3)
    return [radix16(n), radix16(n, reverse=True), {"rotators": tree, "lifted": short}]


def lifting_plans(n, rng, **fields):
    """Yield plans with every form of lifting_forms, every scaling, and both rotations."""
    for form, scaling in itertools.product(lifting_forms(n, rng), scalings(n, rng)):
        for rotation in ("lift", "shift_add"):
            yield make(n, **{"scaling": scaling, "rotation": rotation, **form, **fields})


def iterative(n):
    """Radix 2."""
    return tuple((s, s, n) for s in range(1, n - 1))


def random_tree(n, rng):
    """Return the rotators of a random tree, in any order."""

    def grow(p, q):
        if p == q or (q == p + 1 and rng.random() < 0.5):
            return []
        s = int(rng.integers(p, q))
        return [(s, p, q), *grow(p, s), *grow(s + 1, q)]

    tree = grow(1, n)
    rng.shuffle(tree)  # the order of the list says nothing
    return tuple(tuple(int(v) for v in rotator) for rotator in tree)


def trees(n, rng):
    """Return four forms of rotators."""
    return [natural(n), mirrored(n), iterative(n), random_tree(n, rng)]


def default_scaling(n):
    """(0, 1, ... 1, 0, 0, and drop 3), which needs three stages."""
    return (0, *[1] * (n - 3), 0, 0, 3)


def default_real(n, *, inverse=False):
    """Of n stages and real samples: 1/N, N = 2^(n + 1)."""
    if n < 4:
        return (0,) * n + (n + 1 - inverse,)
    return (0, *[1] * (n - 3), 0, 0, 4 - inverse)


def scalings(n, rng):
    """Return four scalings: none, all, that of 1/N, and a random one."""
    return [
        (0,) * (n + 1),
        (*[1] * n, 0),
        default_scaling(n) if n >= 3 else (*[0] * n, n),
        (*(int(h) for h in rng.integers(0, 2, n)), int(rng.integers(0, 5))),
    ]


def make(n, **fields):
    """Return a plan of n stages: 2^n points, or twice as many real ones."""
    fields = {
        "points": 2 ** (n + fields.get("real", False)),
        "scaling": (0,) * (n + 1),
        "rotators": natural(n),
        "twiddle_bits": 18,
        "output": (True, 40, 0),
        **fields,
    }
    return fft.Transform(**fields)


def make_block(n, word_bits, **fields):
    """Return a plan of block floating point: radix 2, input and output of word_bits - 2 bits."""
    fields = {"rotators": iterative(n), "output": (True, word_bits - 3, 0), **fields}
    return make(n, scaling="block", word_bits=word_bits, **fields)


def make_real(inverse, **fields):
    """Return the default for 1024 real points."""
    return make(9, real=True, inverse=inverse, scaling=default_real(9, inverse=inverse), **fields)


def random_codes(rng, frames, points, width):
    """Return frames that fill the range of the width evenly."""
    half = 2 ** (width - 1)
    return rng.integers(-half, half, (frames, points, 2))


def as_complex(codes):
    """Return pairs as complex numbers."""
    codes = np.asarray(codes, float)
    return codes[..., 0] + 1j * codes[..., 1]


def as_frames(pairs, plan):
    """Return pairs (frames, 2^n, 2) as the plan takes them: the page's z, if samples are real."""
    return pairs.reshape(len(pairs), -1) if plan.real and not plan.inverse else pairs


def as_pairs(values):
    """Return real samples as the page's z, and any pairs as they are."""
    return values.reshape(len(values), -1, 2)


def as_codes(z, width):
    """Return the nearest codes of the width."""
    half = 2 ** (width - 1)
    return np.clip(np.rint(np.stack([z.real, z.imag], -1)), -half, half - 1).astype(np.int64)


def tones(points, amplitude, width=16, bins=None):
    """Return one frame for each bin (all of them): a tone of it."""
    bins = np.arange(points) if bins is None else np.asarray(bins)
    turns = bins[:, None] * np.arange(points) % points / points
    return as_codes(amplitude * np.exp(2j * np.pi * turns), width)


def signals(rng, points, width):
    """Return frames: noise, tones between bins and on them, squares, corners, and extremes."""
    half = 2 ** (width - 1)
    i = np.arange(points)
    square = np.where(i < points // 2, half - 1, -half)
    flat = np.stack([
        np.stack([square, square], -1),
        np.stack([square, np.roll(square, points // 4)], -1),
        np.full((points, 2), -half),
        np.full((points, 2), half - 1),
        np.zeros((points, 2), int),
    ])  # fmt: skip
    between = (half - 1) * np.exp(2j * np.pi * rng.uniform(0, 1, (2, 1)) * i)
    return np.concatenate([
        flat,
        random_codes(rng, 3, points, width),
        as_codes(between, width),
        tones(points, half - 1, width, rng.integers(0, points, 2)),
        corners(points, half, rng.integers(1, points, 2)),
        rng.choice([-half, half - 1], (2, points, 2)),
    ])  # fmt: skip


def corners(points, half, bins):
    """Return, for each bin k, the corners of the square nearest to e^(2 pi j k i / points)."""
    # half a step off, so that no point is between two corners
    turns = (np.asarray(bins)[:, None] * np.arange(points) + 0.5) / points
    z = np.exp(2j * np.pi * turns)
    return np.where(np.stack([z.real, z.imag], -1) < 0, -half, half - 1)


def disc(rng, frames):
    """Return frames of 1024 points, even in the disc of full scale at 16 bits."""
    radius = 32767 * np.sqrt(rng.uniform(0, 1, (frames, 1024)))
    return as_codes(radius * np.exp(2j * np.pi * rng.uniform(0, 1, radius.shape)), 16)


def every_plan(n, rng):
    """Yield plans with every form of trees, every scaling, and both directions."""
    for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
        for inverse in (False, True):
            yield make(n, rotators=rotators, scaling=scaling, inverse=inverse)


def packed(spectrum):
    """Return X[0] .. X[M] with X[0] and X[M] as the parts of one."""
    first = spectrum[:, :1].real + 1j * spectrum[:, -1:].real
    return np.concatenate([first, spectrum[:, 1:-1]], axis=1)
