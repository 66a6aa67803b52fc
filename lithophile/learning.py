"""Active learning: train, judge, explore, select, label, and again."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lithophile.console import Progress
from lithophile.learning_exploration import (
    SPREAD,
    explore_dynamics,
    explore_random,
    write_candidates,
    write_structures,
)
from lithophile.learning_plan import LearningPlan, member_config
from lithophile.learning_record import STAGES, LearningRecord
from lithophile.learning_result import LearningResult, LearningRound
from lithophile.learning_settings import LearnSettings
from lithophile.run_folder import write_json, write_text
from md.dynamics.lock import locked
from mlip import Potential, build_committee, load_potential, select_structures
from mlip.error_report import evaluate_errors
from mlip.training import train
from training_data import (
    InputError,
    label_queue,
    read_dataset,
    read_structures,
    write_dataset,
)

DATA, HOLD_OUT, LEARNED = "data.extxyz", "hold-out.extxyz", "learned.extxyz"
MODEL = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class LearningLoop:
    """Loop of active learning in a folder, which holds all that it needs to go on.

    Parameters
    ----------
    settings
        What is learnt, and how.
    plan
        Its data and level of theory, checked.
    folder
        Everything is written here.
    progress
        Called with (stages done, stages in all, what happens).

    """

    settings: LearnSettings
    plan: LearningPlan
    folder: Path
    progress: Progress

    def run(self) -> LearningResult:
        """Make all rounds, those that are in the record already excepted.

        Raises
        ------
        InputError
            Another process works in the folder, or its files were changed.
        md.dynamics.Preempted
            A signal arrived in the dynamics; the run can be resumed.

        """
        with locked(self.folder):
            return self._run()

    def _run(self) -> LearningResult:
        record = LearningRecord(self.folder)
        record.stage(0, "data", self._write_data, files=self._data_files)
        rounds: list[LearningRound] = []
        rested = False
        for number in range(self.settings.rounds + 1):
            step = _Round(loop=self, number=number)
            told: dict[str, Any] = {}
            for name in STAGES[:3]:
                told |= self._stage(record, step, name)
            last = number == self.settings.rounds
            if not last:
                told |= self._stage(record, step, "select")
                rested = told["n_selected"] == 0
            if not last and not rested:
                told |= self._stage(record, step, "label")
            rounds.append(LearningRound.from_told(told))
            if rested:
                break
        labels = [
            self._round(number) / "labels.extxyz" for number in range(len(rounds))
        ]
        text = "".join(
            path.read_text(encoding="utf-8") for path in labels if _holds_frames(path)
        )
        write_text(self.folder / LEARNED, text)
        return LearningResult(
            rounds=tuple(rounds),
            models=tuple(_Round(loop=self, number=len(rounds) - 1).models),
            labels=self.folder / LEARNED,
            n_labels=sum(each.n_labelled for each in rounds),
            nothing_left=rested,
        )

    def _stage(
        self, record: LearningRecord, step: "_Round", name: str
    ) -> dict[str, Any]:
        done = step.number * len(STAGES) + STAGES.index(name)
        total = self.settings.rounds * len(STAGES) + 3
        self.progress(done, total, {"round": step.number, "stage": name})
        work = getattr(step, name)
        told = record.stage(step.number, name, work, files=lambda: step.files_of(name))
        self.progress(done + 1, total, {"round": step.number, "stage": name})
        return told

    def _round(self, number: int) -> Path:
        return self.folder / f"round-{number:02d}"

    def _write_data(self) -> dict[str, Any]:
        for path, dataset in zip(
            self._data_files(), (self.plan.data, self.plan.hold_out), strict=True
        ):
            write_dataset(dataset, path)
        return {"n_train": len(self.plan.data), "n_hold_out": len(self.plan.hold_out)}

    def _data_files(self) -> list[Path]:
        return [self.folder / DATA, self.folder / HOLD_OUT]


@dataclass(frozen=True, kw_only=True)
class _Round:
    """One round: its folder and its stages, each named as in the record."""

    loop: LearningLoop
    number: int

    @property
    def folder(self) -> Path:
        return self.loop._round(self.number)  # noqa: SLF001 (of this file)

    @property
    def data(self) -> list[Path]:
        """Label files that this round learns from."""
        earlier = (_Round(loop=self.loop, number=n).labels for n in range(self.number))
        return [self.loop.folder / DATA, *filter(_holds_frames, earlier)]

    @property
    def labels(self) -> Path:
        return self.folder / "labels.extxyz"

    @property
    def models(self) -> list[Path]:
        return [
            self.folder / "training" / f"member-{member}" / MODEL
            for member in range(self.loop.settings.n_members)
        ]

    def files_of(self, stage: str) -> list[Path]:
        """Files that later stages read."""
        return {
            "train": self.models,
            "evaluate": [],
            "explore": [self.folder / "candidates.extxyz"],
            "select": [self.folder / "pool.extxyz"],
            "label": [self.labels] if _holds_frames(self.labels) else [],
        }[stage]

    def train(self) -> dict[str, Any]:
        """Train every member, from its model of the round before."""
        settings = self.loop.settings
        before = _Round(loop=self.loop, number=self.number - 1).models
        for member, model in enumerate(self.models):
            config = member_config(
                settings,
                number=self.number,
                member=member,
                data=[str(path) for path in self.data],
                start=before[member] if self.number else None,
            )
            train(
                config,
                out=model.parent,
                resume=True,
                progress=self._telling("train", member=member),
            )
        frames = sum(len(read_dataset(path)) for path in self.data)
        return {"round": self.number, "n_train": frames}

    def evaluate(self) -> dict[str, Any]:
        """Judge the mean of the committee, and its members, by the hold-out."""
        level = self.loop.settings.training.level
        hold_out = read_dataset(self.loop.folder / HOLD_OUT, level=level)
        members = self._members("float64")
        committee = build_committee(members)
        report = evaluate_errors(committee, hold_out)
        alone = [evaluate_errors(member, hold_out).all for member in members]
        write_json(self.folder / "evaluation.json", report.to_json())
        return {
            "force_rmse_meV_per_A": report.all.force_rmse_meV_per_A,
            "energy_rmse_meV_per_atom": report.all.energy_rmse_meV_per_atom,
            "force_rmse_of_members_meV_per_A": [e.force_rmse_meV_per_A for e in alone],
        }

    def explore(self) -> dict[str, Any]:
        """Run dynamics and build random crystals; keep what the committee doubts."""
        settings = self.loop.settings
        mean = self._committee("mean")
        watched = self._committee("first")
        explored = [
            explore_dynamics(
                settings,
                watched,
                number=self.number,
                out=self.folder / "exploration",
                progress=self._telling("explore"),
            ),
            explore_random(settings, mean, number=self.number),
        ]
        told: dict[str, Any] = {}
        for each in explored:
            told |= each.numbers
        told |= write_candidates(self.folder / "candidates.extxyz", explored, mean)
        fractions = (
            told.get("fraction_uncertain_md"),
            told.get("fraction_uncertain_random"),
        )
        first = next((value for value in fractions if value is not None), None)
        return {**told, "fraction_uncertain": first}

    def select(self) -> dict[str, Any]:
        """Choose what is labelled, and draw how the candidates were doubted."""
        options = self.loop.settings.selection
        path = self.folder / "candidates.extxyz"
        candidates = read_structures(path) if _holds_frames(path) else []
        known = [frame for file in self.data for frame in read_dataset(file)]
        chosen = select_structures(
            candidates,
            [float(atoms.info[SPREAD]) for atoms in candidates],
            n_wanted=options.n_labels,
            known=known,
            least_eV_per_A=options.least_eV_per_A,
            most_eV_per_A=options.most_eV_per_A,
            min_distance=options.min_distance,
        )
        write_structures(
            self.folder / "pool.extxyz", [candidates[k] for k in chosen.chosen]
        )
        write_json(self.folder / "selection.json", chosen.to_json())
        return {
            "n_selected": len(chosen.chosen),
            "n_hopeless": chosen.n_hopeless,
            "n_repeated": chosen.n_repeated,
        }

    def label(self) -> dict[str, Any]:
        """Label the chosen structures."""
        pool = self.folder / "pool.extxyz"
        done = label_queue(
            read_structures(pool),
            self.loop.plan.labelling,
            self.labels,
            progress=self._telling("label"),
        )
        if done.n_labelled == 0:
            first = done.failures[0].reason if done.failures else "no structures"
            raise InputError(
                f"labelling must give labels; got none in round {self.number}: "
                f"{first} Mend the settings under labelling and resume."
            )
        level = self.loop.plan.data.level
        made = read_dataset(self.labels).level
        if made != level:
            raise InputError(
                f"labels must be at the level of theory of the data, {level}; got "
                f"{made}. Use the same code and settings, and state them in the same "
                "words under level."
            )
        return {"n_labelled": done.n_labelled, "n_failed": done.n_failed}

    @cached_property
    def _loaded(self) -> dict[str, list[Potential]]:
        return {}

    def _members(self, dtype: Literal["float32", "float64"]) -> list[Potential]:
        """Members of the committee, opened once in each precision."""
        device = self.loop.settings.training.device
        if dtype not in self._loaded:
            self._loaded[dtype] = [
                load_potential(model, dtype=dtype, device=device)
                for model in self.models
            ]
        return self._loaded[dtype]

    def _committee(self, answer: Literal["mean", "first"]) -> Potential:
        dtype: Literal["float32", "float64"] = (
            "float32" if self.loop.settings.dtype == "float32" else "float64"
        )
        return build_committee(self._members(dtype), answer=answer)

    def _telling(self, stage: str, **more: Any) -> Progress:  # noqa: ANN401
        """Progress of a stage, told as part of that of the loop."""
        done = self.number * len(STAGES) + STAGES.index(stage)
        total = self.loop.settings.rounds * len(STAGES) + 3

        def tell(part: int, whole: int, numbers: Mapping[str, Any]) -> None:
            where = {"round": self.number, "stage": stage, **more}
            self.loop.progress(
                done, total, {**where, "done": f"{part}/{whole}", **numbers}
            )

        return tell


def _holds_frames(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
