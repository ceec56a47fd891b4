"""Frames that must be refused: of layers, of an FFT, of real samples."""

import numpy as np
import pytest

from kolam.testbenches.wrong_files import NO_SENSE, archive, forged, npy


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(np.zeros((2, 7), int)), "x.npy must hold one frame or more of 8 inputs, not an"),
        (npy(np.zeros((0, 8), int)), "of 8 inputs, not an array of shape (0, 8)"),
        (npy(np.zeros((2, 2, 8), int)), "of 8 inputs, not an array of shape (2, 2, 8)"),
        (npy(np.zeros((2, 8)) * np.nan), "must hold finite numbers, not NaN or infinite ones"),
        (npy(np.full((2, 8), 200)), "x.npy must hold codes of -128 to 127, not 200 to 200"),
        (npy(np.full((2, 8), "1")), "x.npy must hold integer codes, or floats, not <U1"),
        (npy(np.full((2, 8), 1j)), "x.npy must hold integer codes, or floats, not complex128"),
        (npy(np.full((2, 8), print)), "x.npy must be a .npy file of numbers"),
        (npy(np.zeros((9, 8), int))[:-1], "x.npy must be a .npy file of numbers"),
        (forged((1 << 40, 8)), "x.npy must be a .npy file of numbers"),
        (NO_SENSE, "x.npy must be a .npy file of numbers"),
        (archive(x=np.ones((8, 2))), "x.npy must be a .npy file of numbers"),
        (b"", "x.npy must be a .npy file of numbers"),
    ],
    ids=["narrow", "none", "deep", "NaN", "large", "text", "complex", "pickle", "cut off", "forged",
         "no sense", "archive", "empty"],
)  # fmt: skip
def test_bad_frames(content, words, good, place, kolam):
    (place / "x.npy").write_bytes(content)
    kolam("simulate", good, "--input", "x.npy", "--output", "y.npy").refused(words)


NO_SAMPLES = {
    "short": (np.zeros((2, 63)) * 1j, "x.npy must hold one frame or more of 64 complex numbers, or "
              "(frames, 64, 2) of their parts, not an array of shape (2, 63)"),
    "none": (np.zeros((0, 64, 2), int), "not an array of shape (0, 64, 2)"),
    "three parts": (np.zeros((2, 64, 3)), "not an array of shape (2, 64, 3)"),
    "complex parts": (np.zeros((2, 64, 2)) * 1j, "not an array of shape (2, 64, 2)"),
    "a number": (np.array(3), "not an array of shape ()"),
    "NaN": (np.full(64, np.nan * 1j), "must hold finite numbers, not NaN or infinite ones"),
    "large": (np.full((64, 2), 40000), "x.npy must hold codes of -32768 to 32767, not 40000 to 40"),
    "large and real": (np.full((1, 64), -40000), "must hold codes of -32768 to 32767, not -40000"),
    "text": (np.full(64, "1"), "must hold integer codes, floats or complex numbers, not <U1"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_SAMPLES)
def test_bad_samples(name, place, kolam):
    x, words = NO_SAMPLES[name]
    (place / "x.npy").write_bytes(npy(x))
    kolam("simulate", "fft-64", "--input", "x.npy", "--output", "y.npy").refused(words)


NOT_REAL = {
    "short": (np.zeros((2, 63)), "x.npy must hold one frame or more of 64 real samples, not an "
              "array of shape (2, 63)"),
    "half a spectrum": (np.zeros((2, 32, 2), int), "64 real samples, not an array of shape (2, 32"),
    "complex": (np.zeros((2, 64)) * 1j, "x.npy must hold integer codes, or floats (samples are "
                "real), not complex128"),
    "parts": (np.zeros((2, 64, 2)), "64 real samples, not an array of shape (2, 64, 2)"),
    "a number": (np.array(3), "not an array of shape ()"),
    "NaN": (np.full(64, np.nan), "must hold finite numbers, not NaN or infinite ones"),
    "large": (np.full(64, 40000), "x.npy must hold codes of -32768 to 32767, not 40000 to 40"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_REAL)
def test_samples_that_are_not_real(name, place, kolam):
    x, words = NOT_REAL[name]
    (place / "x.npy").write_bytes(npy(x))
    real = ("rfft-1024", "--set", "points=64")
    kolam("simulate", *real, "--input", "x.npy", "--output", "y.npy").refused(words)


def test_no_half_spectrum(place, kolam):
    (place / "x.npy").write_bytes(npy(np.zeros((2, 33), complex)))
    inverse = ("--set", "direction=inverse", "--set", "output_order=natural")
    words = (
        "x.npy must hold one frame or more of 32 complex numbers, or (frames, 32, 2) of their "
        "parts, not an array of shape (2, 33)"
    )
    real = ("rfft-1024", "--set", "points=64", *inverse)
    kolam("simulate", *real, "--input", "x.npy").refused(words)
