"""Files of a trajectory, found from what the user names."""

from pathlib import Path

import ase.io
from ase import Atoms

from training_data.errors import InputError

_LFS_MARK = b"version https://git-lfs"


def read_topology(path: Path) -> Atoms:
    """Structure that names the species.

    Raises
    ------
    InputError
        If ASE cannot read it.

    """
    try:
        return ase.io.read(path)
    except Exception as error:
        raise InputError(
            f"topology must be a file that ASE reads; got {str(path)!r} "
            f"({type(error).__name__}: {error}). Give a structure with the species."
        ) from error


def trajectory_files(path: Path) -> list[Path]:
    """Files of a trajectory: the one given, that of a run folder, or its segments.

    Raises
    ------
    InputError
        If a folder holds none.

    """
    if path.is_file():
        return [path]
    if (path / "trajectory.h5").is_file():
        return [path / "trajectory.h5"]
    folder = path / "trajectory" if (path / "trajectory").is_dir() else path
    files = sorted(folder.glob("*.h5"))
    if not files:
        raise InputError(
            f"trajectory must be a folder with .h5 files; got {str(path)!r}, which has "
            "none. Give the run's folder or a trajectory file."
        )
    return files


def refuse_pointer_or_damage(file: Path) -> None:
    """Refuse what only stands for a trajectory, or is left of one.

    Raises
    ------
    InputError
        If the file is a git-LFS pointer, is empty, or is called .h5 and is not.

    """
    with file.open("rb") as stream:
        head = stream.read(len(_LFS_MARK))
    if head == _LFS_MARK:
        raise InputError(
            f"trajectory must be the file itself; got {str(file)!r}, a git-LFS "
            "pointer. Fetch it with git lfs pull."
        )
    if not head or file.suffix in {".h5", ".h5md", ".hdf5"}:
        raise InputError(
            f"trajectory must be a complete file; got {str(file)!r}, which is "
            f"{'empty' if not head else 'no HDF5 file'}. Copy it again."
        )
