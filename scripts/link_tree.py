"""Lay the import namespace out as symbolic links, for tools that read files instead of importing.

mypy and pyright cannot see through the import hook of an editable install. The tree
build/tree/kolam/<folder> gives them the same names; it is never packaged.
"""

from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def folders() -> dict[str, Path]:
    """Return what setup.cfg packages: the folder of every package, by its import name."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    mapping = dict(
        line.split(" = ") for line in config["options"]["package_dir"].strip().splitlines()
    )
    return {package: ROOT / mapping[package] for package in config["options"]["packages"].split()}


def main() -> None:
    """Create or refresh the links."""
    for package, folder in folders().items():
        link = ROOT / "build" / "tree" / package.replace(".", "/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(folder, target_is_directory=True)


if __name__ == "__main__":
    main()
