"""Labelled configurations: reading, checking, splitting and the shipped sets."""

from training_data.catalogue import CatalogueEntry, fetch_dataset, load_catalogue
from training_data.coverage import (
    CoverageResult,
    TrainingDistanceResult,
    coverage,
    training_distance,
)
from training_data.dataset import Dataset
from training_data.dispersion import Dispersion, dispersion
from training_data.doctor import examine_dataset
from training_data.doctor_report import DoctorReport, Finding
from training_data.errors import Failure, InputError
from training_data.fingerprint import (
    Fingerprint,
    fingerprint,
    fingerprint_distances,
)
from training_data.finished_calculations import (
    collect_finished_calculations,
    read_finished_calculation,
)
from training_data.labelling import LabellingResult, label_queue
from training_data.labelling_settings import (
    LabellingSettings,
    read_labelling_settings,
)
from training_data.level_of_theory import LevelOfTheory
from training_data.order_parameters import steinhardt_order
from training_data.reading import read_dataset, read_structures, write_dataset
from training_data.shipped import load_shipped, shipped_names, shipped_path
from training_data.split import Split, split_by_group
from training_data.versions import DatasetVersion, append_frames, dataset_version

__all__ = [
    "CatalogueEntry",
    "CoverageResult",
    "Dataset",
    "DatasetVersion",
    "Dispersion",
    "DoctorReport",
    "Failure",
    "Finding",
    "Fingerprint",
    "InputError",
    "LabellingResult",
    "LabellingSettings",
    "LevelOfTheory",
    "Split",
    "TrainingDistanceResult",
    "append_frames",
    "collect_finished_calculations",
    "coverage",
    "dataset_version",
    "dispersion",
    "examine_dataset",
    "fetch_dataset",
    "fingerprint",
    "fingerprint_distances",
    "label_queue",
    "load_catalogue",
    "load_shipped",
    "read_dataset",
    "read_finished_calculation",
    "read_labelling_settings",
    "read_structures",
    "shipped_names",
    "shipped_path",
    "split_by_group",
    "steinhardt_order",
    "training_distance",
    "write_dataset",
]
