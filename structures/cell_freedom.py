"""Strains that the cell of a relaxation is free to take."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from training_data.errors import InputError

#: Strain components by the name of a freedom; the rest is in ``strain_space``.
NAMES = {
    "fixed": (),
    "full": ("xx", "yy", "zz", "yz", "xz", "xy"),
    "z": ("zz",),
    "in-plane": ("xx", "yy", "xy"),
    "isotropic": ("xx", "yy", "zz"),
    "shape": ("xx", "yy", "zz", "yz", "xz", "xy"),
}
COMPONENTS = NAMES["full"]
IN_PLANE = ("z", "in-plane")
FLAT = 1e-6  # z component of a or b over the longest lattice vector


@dataclass(frozen=True, kw_only=True)
class StrainSpace:
    """Linear space of the strains that a cell may take.

    Parameters
    ----------
    mask
        1 for the components that may change, else 0, shape (3, 3).
    projector
        Projection onto the directions in which no fixed lattice vector has a
        component, shape (3, 3); the unit matrix where none is fixed.
    trace
        ``"free"``, ``"only"`` (one number, the volume) or ``"none"`` (constant
        volume).

    """

    mask: np.ndarray
    projector: np.ndarray
    trace: str = "free"

    @property
    def is_fixed(self) -> bool:
        """Whether no strain is left."""
        return not self.mask.any()

    def project(self, tensor: np.ndarray) -> np.ndarray:
        """Part of a tensor that lies in the space.

        Parameters
        ----------
        tensor
            Stress or strain, shape (3, 3).

        Returns
        -------
        numpy.ndarray
            The nearest member of the space, shape (3, 3).

        """
        found = np.asarray(self.projector @ (tensor * self.mask))
        mean = np.trace(found) / 3 * np.eye(3)
        if self.trace == "only":
            return np.asarray(mean)
        return np.asarray(found - mean) if self.trace == "none" else found

    def deformation(self, strain: np.ndarray) -> np.ndarray:
        """Matrix by which cell and positions are multiplied, shape (3, 3).

        Parameters
        ----------
        strain
            A member of the space, shape (3, 3).

        """
        matrix = np.eye(3) + strain
        if self.trace == "none":  # volume to all orders
            matrix = matrix / np.cbrt(np.linalg.det(matrix))
        return np.asarray(matrix)


def check_freedom(cell: str, *, fixed_vectors: str = "") -> None:
    """Refuse a freedom of the cell that does not exist.

    Parameters
    ----------
    cell
        A name of ``NAMES`` or strain components such as ``"xx,yy"``.
    fixed_vectors
        Lattice vectors that stay, such as ``"ab"``.

    Raises
    ------
    InputError
        If either is not understood, or vectors are fixed in a cell that is not full.

    Examples
    --------
    >>> check_freedom("xx,yy")

    """
    unknown = [part for part in cell.split(",") if part not in COMPONENTS]
    if cell not in NAMES and unknown:
        raise InputError(
            f"cell must be {', '.join(NAMES)} or strain components among "
            f"{', '.join(COMPONENTS)}; got {cell!r}. Write e.g. full, or xx,yy."
        )
    if not set(fixed_vectors) <= set("abc") or len(set(fixed_vectors)) > 2:  # noqa: PLR2004
        raise InputError(
            f"fixed_vectors must be one or two of a, b and c; got {fixed_vectors!r}. "
            "Write e.g. ab, or cell='fixed' for all three."
        )
    if fixed_vectors and cell != "full":
        raise InputError(
            f"fixed_vectors must come with cell='full'; got cell={cell!r}. "
            "Leave one of the two out."
        )


def strain_space(atoms: Atoms, *, cell: str, fixed_vectors: str = "") -> StrainSpace:
    """Space of the strains that are free in one structure.

    Parameters
    ----------
    atoms
        Structure, which gives the directions of the fixed vectors.
    cell
        ``"fixed"``, ``"full"`` (all six strains), ``"z"`` (height), ``"in-plane"``
        (xx, yy, xy), ``"isotropic"`` (volume alone), ``"shape"`` (constant volume),
        or components such as ``"xx,yy"``.
    fixed_vectors
        With ``"full"``: lattice vectors that keep length and direction, such as
        ``"ab"`` of a slab; the others are free.

    Returns
    -------
    StrainSpace

    Raises
    ------
    InputError
        If the structure is not periodic in three directions while a strain is free,
        or a and b do not lie in the xy plane for ``"z"`` and ``"in-plane"``.

    Examples
    --------
    >>> from ase.build import bulk
    >>> strain_space(bulk("Cu"), cell="isotropic").project(np.diag([3.0, 0, 0]))
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])

    """
    check_freedom(cell, fixed_vectors=fixed_vectors)
    components = NAMES.get(cell, tuple(cell.split(",")))
    mask = np.zeros((3, 3))
    for component in components:
        row, column = ("xyz".index(axis) for axis in component)
        mask[row, column] = mask[column, row] = 1.0
    if mask.any() and (not atoms.pbc.all() or atoms.cell.rank < 3):  # noqa: PLR2004
        raise InputError(
            f"structure must be periodic in three directions for cell={cell!r}; got "
            f"pbc {atoms.pbc.tolist()}. Use cell='fixed'."
        )
    if cell in IN_PLANE:
        upwards = np.abs(atoms.cell[:2, 2]).max()
        if upwards > FLAT * atoms.cell.lengths().max():
            raise InputError(
                f"cell of the structure must have a and b in the xy plane for "
                f"cell={cell!r}; got {atoms.cell[:2].tolist()!r}. Rotate it into the "
                "standard orientation."
            )
    kept = atoms.cell.array[["abc".index(name) for name in fixed_vectors]]
    along = np.linalg.pinv(kept) @ kept if len(kept) else np.zeros((3, 3))
    trace = {"isotropic": "only", "shape": "none"}.get(cell, "free")
    return StrainSpace(mask=mask, projector=np.eye(3) - along, trace=trace)
