"""Schemas: which settings belong to which command."""

from importlib import import_module

from pydantic import BaseModel

from training_data.errors import InputError

SETTINGS = {
    "run": "lithophile.pipeline_settings:RunSettings",
    "demo": "lithophile.pipeline_settings:RunSettings",
    "label": "lithophile.labelling_settings:LabelSettings",
    "train": "mlip.training_config:TrainingConfig",
    "evaluate": "lithophile.settings:EvaluateSettings",
    "learn": "lithophile.learning_settings:LearnSettings",
    "models check": "lithophile.settings:ModelSettings",
    "build doped": "lithophile.doping_settings:DopedSettings",
    "build interface": "lithophile.build_settings:InterfaceSettings",
    "build llzo": "lithophile.ordering_settings:OrderingSettings",
    "build slab": "lithophile.build_settings:SlabSettings",
    "relax": "lithophile.settings:RelaxSettings",
    "barriers": "lithophile.barriers_settings:BarriersSettings",
    "md": "lithophile.dynamics_settings:DynamicsSettings",
    "analyze film": "lithophile.film_settings:FilmSettings",
    "analyze dissolution": "lithophile.settings:DissolutionSettings",
    "analyze msd": "lithophile.settings:MsdSettings",
    "analyze arrhenius": "lithophile.transport_settings:ArrheniusSettings",
    "analyze structure": "lithophile.structure_settings:StructureSettings",
    "analyze channels": "lithophile.site_settings:ChannelsSettings",
    "analyze density": "lithophile.site_settings:DensitySettings",
    "analyze sites": "lithophile.site_settings:SitesSettings",
    "analyze crystal": "lithophile.crystal_settings:CrystalSettings",
    "analyze xrd": "lithophile.crystal_settings:XrdSettings",
    "screen dopants": "lithophile.dopant_screening_settings:DopantScreeningSettings",
    "screen reactions": "lithophile.screening_settings:ReactionsSettings",
    "screen stability": "lithophile.screening_settings:StabilitySettings",
    "screen window": "lithophile.screening_settings:WindowSettings",
    "data coverage": "lithophile.data_settings:CoverageSettings",
    "data doctor": "lithophile.data_settings:DoctorSettings",
    "data fetch": "lithophile.data_settings:FetchSettings",
    "export extxyz": "lithophile.export_settings:WrappableSettings",
    "export xdatcar": "lithophile.export_settings:WrappableSettings",
    "export dump": "lithophile.export_settings:DumpSettings",
    "export lammps": "lithophile.export_settings:DumpSettings",
    "export h5md": "lithophile.export_settings:PackedSettings",
}
"""Command → module and class of its settings (imported when asked for)."""


def settings_model(command: str) -> type[BaseModel]:
    """Class of the settings of `command`.

    Raises
    ------
    InputError
        When no such command has settings.

    Examples
    --------
    >>> settings_model("build slab").__name__
    'SlabSettings'

    """
    if command not in SETTINGS:
        raise InputError(
            f"command must have settings; got {command!r}. "
            f"Those that do: {', '.join(SETTINGS)}."
        )
    module, name = SETTINGS[command].split(":")
    model: type[BaseModel] = getattr(import_module(module), name)
    return model
