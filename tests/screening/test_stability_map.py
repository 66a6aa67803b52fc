"""Stability map: every pair, the same either way round, what stays apart is zero."""

import numpy as np
import pytest

from screening import Entries, load_entries, stability_map
from training_data.errors import InputError

TOY = Entries.of({"LiCl": -2.0, "ZrCl4": -2.0}, scheme="toy", source="by hand")


def test_known_answer():
    """ZrCl4 + 4 Li → 4 LiCl + Zr releases 6 eV among nine atoms."""
    found = stability_map(["ZrCl4", "LiCl"], electrodes=["Li", "LiCl"], entries=TOY)
    expected = [[-6 / 9, 0.0], [0.0, np.nan]]
    np.testing.assert_allclose(found.energies_eV_per_atom, expected, atol=1e-12)
    assert found.titrations[1][1] is None


def test_map_is_symmetric():
    names = ["Li7La3Zr2O12", "Li6PS5Cl", "LiCoO2"]
    found = stability_map(names, electrodes=names, entries=load_entries())
    energies = found.energies_eV_per_atom
    np.testing.assert_allclose(energies, energies.T, rtol=1e-5, atol=1e-9)
    assert energies[1, 2] < energies[0, 2] <= 0
    assert len(found.to_json()["strongest"]) == 6
    ax = found.plot()
    assert [text.get_text() for text in ax.texts][:2] == [
        "–",
        f"{-1000 * energies[0, 1]:.0f}",
    ]


def test_bad_formula_is_refused_before_any_work():
    with pytest.raises(InputError, match="Qq"):
        stability_map(["LiCl"], electrodes=["Li", "Qq2"], entries=TOY)
    with pytest.raises(InputError, match="electrodes"):
        stability_map(["LiCl"], electrodes=[], entries=TOY)


def test_same_compounds_only_and_unknown_elements_are_refused():
    with pytest.raises(InputError, match=r"another compound than 'LiCl'.*'Li2Cl2'"):
        stability_map(["LiCl", "Li2Cl2"], electrodes=["Li2Cl2"], entries=TOY)
    with pytest.raises(InputError, match=r"compound among .*Og"):
        stability_map(["LiCl", "OgCl"], electrodes=["Li"], entries=load_entries())


def test_oxyanions_are_noted():
    """LiCl + 2 O2 → LiClO4 releases energy in the table and costs some in reality."""
    found = stability_map(["LiCl"], electrodes=["O2"], entries=load_entries())
    assert "LiClO4" in found.titrations[0][0].strongest.products
    assert found.titrations[0][0].doubtful == ("LiClO4",)
    (note,) = found.to_json()["notes"]
    assert note.startswith("LiClO4: ")
    (of_titration,) = found.titrations[0][0].to_json()["notes"]
    assert of_titration == note
    sound = stability_map(["Li7La3Zr2O12"], electrodes=["Li"], entries=load_entries())
    assert sound.to_json()["notes"] == []
    own = Entries.of({"LiClO4": -0.5, "LiCl": -2.0}, scheme="PBE", source="by hand")
    assert not stability_map(["LiCl"], electrodes=["O2"], entries=own).notes


def test_map_is_white_where_nothing_happens_and_grey_for_one_compound_with_itself():
    found = stability_map(["ZrCl4", "LiCl"], electrodes=["Li", "LiCl"], entries=TOY)
    ax = found.plot()
    image = ax.images[0]
    colours = image.to_rgba(image.get_array())
    assert colours[1, 0].tolist() == [1, 1, 1, 1]
    assert colours[0, 1].tolist() == [1, 1, 1, 1]
    assert colours[1, 1, 0] < 0.9
    ax.figure.canvas.draw()
    label = ax.figure.axes[1].yaxis.label.get_window_extent()
    assert 0 <= label.y0 < label.y1 <= ax.figure.bbox.height
