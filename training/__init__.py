"""Training: CSC layers for PyTorch, recipes, rounding, and export to model files.

    from kolam.training import CyclicSparse, Dense, Norm, export

Needs PyTorch, which nothing else of kolam does.
"""

try:
    import torch  # noqa: F401
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "PyTorch must be installed for training: pip install 'kolam[train]'"
    ) from None

from kolam.training.data import Data, Images, load_data
from kolam.training.export import export, write_model
from kolam.training.fit import Epoch, accuracy, fit
from kolam.training.grow import Trial, grow
from kolam.training.layers import CyclicSparse, Dense, Norm
from kolam.training.network import module
from kolam.training.recipe import Recipe, recipe_for
from kolam.training.run import Trained, train

__all__ = [
    "CyclicSparse",
    "Data",
    "Dense",
    "Epoch",
    "Images",
    "Norm",
    "Recipe",
    "Trained",
    "Trial",
    "accuracy",
    "export",
    "fit",
    "grow",
    "load_data",
    "module",
    "recipe_for",
    "train",
    "write_model",
]
