"""Options that must be refused, command by command."""

import pytest

from kolam.flows import write
from kolam.generators import load


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stall", "2"], "stall must be a probability of 0 to 0.99, not 2.0"),
        (["--stall", "nan"], "stall must be a probability of 0 to 0.99, not nan"),
        (["--frames", "0"], "frames must be at least 1, not 0"),
        (["--frames", "-3"], "frames must be at least 1, not -3"),
        (["--with", "modelsim"], "--with must be one of icarus, verilator, myhdl, cosim"),
        (["--with", "cosim", "--vcd", "trace.vcd"], "--vcd must not be given with cosim"),
        (["--vcd", "no/trace.vcd"], "--vcd must be a file in a folder that exists, not 'no/trace"),
        (["--output", "no/y.npy"], "--output must be a file in a folder that exists, not 'no/y"),
        (["--output", "/dev/full", "--frames", "1"], "No space left on device"),
        (["--input", "."], "Is a directory"),
        (["--set", "parallelism"], "--set must be followed by KEY=VALUE, not 'parallelism'"),
        (["--set", "supports.outputs=3"], "supports.outputs must name a key"),
        (["--set", "formats.input=s1"], "'s1'"),
        (["--set", "formats.input.width=3"], "formats.input.width must name a key"),
        (["--set", "engine=dense"], "not 'supports'"),
        (["--set", "name=../x"], "name"),
        (["--seed", "2147483648"], "--seed must be 0 to 2147483647, not 2147483648"),
        (["--seed", "x"], "'x'"),
        (["--target", "xc7"], "--target"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options(arguments, words, good, kolam):
    kolam("simulate", good, *arguments).refused(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["synth", "good.toml", "--target", "z80"], "target must be"),
        (["synth", "good.toml", "--target", "xc7", "--place-and-route"], "--place-and-route must"),
        (["synth", "good.toml", "--target", "xc7", "--set", "target=ecp5"], "target must be ecp5"),
        (["show", "good.toml", "--picture", "/dev/full"], ".svg or .png"),
        (["show", "good.toml", "--clock", "inf"], "--clock must be a number of MHz above 0"),
        (["show", "csc-smal"], "; did you mean csc-small?"),
        (["generate", "good.toml"], "--out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_other_bad_options(arguments, words, good, kolam):
    kolam(*arguments).refused(words)


def test_a_configuration_and_an_object_do_not_share_stdout(good, kolam):
    words = "--config must be a file where --json is given, not -"
    kolam("show", good, "--config", "-", "--json").refused(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--liberty must name a Liberty file, or KOLAM_PDK or PDK_ROOT a folder"),
        (["--liberty", "none.lib"], "--liberty must name a Liberty file, not 'none.lib'"),
        (["--liberty", "."], "--liberty must name a Liberty file, not '.'"),
        (["--liberty", "good.toml"], "must be a Liberty file, library (NAME) { ... }, not"),
        (["--liberty", "good.toml", "--period", "0"], "the period must be a number of nanoseconds"),
        (["--liberty", "good.toml", "--period", "nan"], "above 0, not nan"),
        (
            ["--liberty", "good.toml", "--memories", "latches"],
            "memories must be one of flip-flops,",
        ),
        (["--liberty", "good.toml", "--set", "target=xc7"], "target must be xc7, for which"),
        (["--liberty", "good.toml", "--place-and-route"], "--place-and-route must be given with"),
        (["--target", "sky130hd"], "with that of sky130hd (neither of which is set)"),
        (["--target", "sky131"], "--target must be one of xc7, ecp5, ice40, asic, sky130hd, "),
        (["--target", "xc7", "--liberty", "good.toml"], "--liberty must be given with asic or a"),
        (["--target", "ecp5", "--period", "5"], "--period must be given with asic or a platform"),
        (["--target", "ice40", "--memories", "macros"], "--memories must be given with asic or a"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options_about_standard_cells(arguments, words, good, kolam, monkeypatch):
    for name in ("KOLAM_PDK", "PDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    kolam("synth", "good.toml", "--target", "asic", *arguments).refused(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--platform", "sky131"], "platform must be one of sky130hd, nangate45, "),
        (["--period", "0.01"], "period must be 0.05 to 1000 ns, not 0.01"),
        (["--period", "nan"], "period must be 0.05 to 1000 ns, not nan"),
        (["--macro", "8x8"], "macro must be SHAPE=NAME, like 256x32=my_sram, not '8x8'"),
        (["--macro", "9x9=a"], "the shape of a macro must be one of "),
        (["--macro", "16x8=a;b"], "the name of a macro must be"),
        (["--macro", "16x8=a:8"], "the size of macro a must be DEPTHxWIDTH or DEPTHxWIDTH/MASK"),
        (
            ["--macro", "16x8=a", "--macro", "16x8=b"],
            "a macro for 16x8 must be given once, not twice",
        ),
        (["--part", "xc7a100tcsg324-1"], "an option of openroad must be one of platform, period,"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options_about_openroad(arguments, words, good, place, kolam):
    write(load(place / good), place / "made")
    kolam("handoff", "made", "--for", "openroad", *arguments).refused(words)


NO_FFT = {
    "points=100": "points must be a power of two, 8 to 65536, not 100",
    "points=4": "points must be 8 to 65536, not 4",
    "points=131072": "points must be 8 to 65536, not 131072",
    "points=64.0": "points must be an integer, not 64.0",
    "points=many": "points must be an integer, not 'many'",
    "points=[64]": "points must be an integer, not [64]",
    "lanes=3": "lanes must be a power of two, 1 to 64, not 3",
    "lanes=128": "lanes must be 1 to 64, not 128",
    "stages_a_pass=2": "stages_a_pass must be 1 where architecture is streaming, not 2",
    "stages_a_pass=4": "stages_a_pass must be 1 to 2, not 4",
    "direction=up": "direction must be one of forward, inverse, not 'up'",
    "input_order=reversed": "input_order must be one of natural, bit_reversed, not 'reversed'",
    "output_order=1": "output_order must be one of natural, bit_reversed, not 1",
    "scaling=[1,1]": "scaling must be 6 times 0 or 1 and the bits dropped at the end (7 numbers), "
    "not 2 numbers",
    "scaling=[2,0,0,0,0,0,0]": "scaling must be 6 times 0 or 1 and the bits dropped at the end "
    "(0 to 7), not [2, 0, 0, 0, 0, 0, 0]",
    "scaling=[0,0,0,0,0,0,9]": "(0 to 7), not [0, 0, 0, 0, 0, 0, 9]",
    "scaling=[1,1,1,1,1,1,-1]": "(0 to 7), not [1, 1, 1, 1, 1, 1, -1]",
    "scaling=[1,1,1,1,1,1,0.5]": "scaling must be 6 times 0 or 1 and the bits dropped at the end",
    "scaling=most": "scaling must be 6 times 0 or 1 and the bits dropped at the end, not 'most'",
    "rotation=twist": "rotation must be one of multiply, lift, shift_add, not 'twist'",
    "pipelining=3": "pipelining must be 0 to 2, not 3",
    "pipelining=1.5": "pipelining must be an integer, not 1.5",
    "formats.input=u0.16": "formats.input must be signed, of 3 to 32 bits, not u0.16",
    "formats.input=s0.32": "formats.input must be signed, of 3 to 32 bits, not s0.32",
    "formats.input=wide": "'wide'",
    "formats.output=u8.8": "formats.output must be signed, of 2 to 64 bits, not u8.8",
    "formats.twiddle=s1.0": "formats.twiddle must be signed, of 3 to 32 bits, not s1.0",
    "formats.twiddle=s0.17": "formats.twiddle must have one integer bit, like s1.16, not s0.17",
    "formats.rounding=up": "rounding must be one of truncate, half_up, half_even, not 'up'",
    "formats.weights=s1.6": "the keys of formats must be among input, output, twiddle, rounding, "
    "not 'weights'",
    "formats=s0.15": "formats must be a table, not 's0.15'",
    "parallelism=4": "parallelism must not be given to an FFT: its speed and multipliers come from",
    "interval=64": "interval must not be given to an FFT: its speed and multipliers come",
    "target=foo": "target must be one of generic, xc7, ecp5, ice40, asic, not 'foo'",
    "engine=cyclic_sparse": "not 'points'",
}


@pytest.mark.parametrize("setting", NO_FFT)
def test_no_fft(setting, kolam):
    kolam("show", "fft-64", "--set", setting).refused(NO_FFT[setting])
