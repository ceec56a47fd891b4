"""Files as they must not be: a good one to spoil, archives of anything, headers that lie."""

import io
import zipfile

import numpy as np

GOOD = """\
engine = "cyclic_sparse"
inputs = 8
supports = [
    {outputs = 8, fan_in = 2, stride = 1},
    {outputs = 4, fan_in = 2, stride = 3, bias = true},
]
formats = {input = "s1.6", weights = "s1.6", outputs = "s1.6"}
"""
NO_SENSE = b"\x93NUMPY\x01\x00v\x00" + b"(" * 118


def archive(**members):
    """Return an .npz of arrays, or of bytes as they are."""
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as made:
        for name, value in members.items():
            if isinstance(value, bytes):
                content = value
            else:
                member = io.BytesIO()
                np.lib.format.write_array(member, np.asarray(value), allow_pickle=True)
                content = member.getvalue()
            made.writestr(f"{name.replace('__', '.')}.npy", content)
    return octets.getvalue()


def forged(shape, descr="<i8", content=bytes(64)):
    """Return a .npy whose header claims what its content does not hold."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00v\x00" + f"{header:<117}\n".encode() + content


def npy(array):
    """Return a .npy of anything, objects too."""
    octets = io.BytesIO()
    np.save(octets, array, allow_pickle=True)
    return octets.getvalue()
