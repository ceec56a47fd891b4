"""The networks of the catalogue, and the numbers of multipliers at which they are synthesised."""

# five each: from the fewest, of those at which no resource of the estimate is less than before
MULTIPLIERS = {
    "net-64-32-10": (2, 5, 8, 18, 36),
    "net-64-32-10-csc": (3, 4, 12, 13, 26),
    "dense-lenet300": (3, 8, 35, 171, 352),
    "csc-lenet300-10x": (5, 17, 48, 141, 462),
    "csc-lenet300-46x": (10, 49, 61, 68, 97),
    "csc-lenet300-46x-local": (5, 8, 15, 29, 58),
}
RESOURCES = ("lut", "lutram", "dsp", "bram36")
# as many multipliers as there are, up to 32, for long runs
LANES = {
    "dense-lenet300": 30,
    "csc-lenet300-10x": 28,
    "csc-lenet300-46x": 32,
    "csc-lenet300-46x-local": 29,
}
