"""mace-torch's own training steps, driven epoch by epoch so that a run can resume.

mace's command line keeps only the best epoch and cannot resume into its second
stage; here its optimiser, losses, epoch and evaluation functions are called from a
loop that checkpoints everything (weights, average, optimiser, best epoch, time).
"""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from mlip.training_config import LossWeights, TrainingConfig
from mlip.training_graphs import build_loader
from mlip.training_stop import StopRequest, TrainingPreempted, watch_signals

Progress = Callable[[int, int, dict[str, float]], None]
CHECKPOINT_EVERY_S = 20.0
PATIENCE_AFTER_SIGNAL_S = 10.0
_OUTPUT = {"forces": True, "virials": False, "stress": True}
_PLATEAU_EPOCHS, _PLATEAU_FACTOR = 20, 0.8
_HUBER_DELTA = 0.01
_VALIDATED = {
    "energy_rmse_meV_per_atom": "rmse_e_per_atom",
    "force_rmse_meV_per_A": "rmse_f",
    "stress_rmse_meV_per_A3": "rmse_stress",
}


class TrainingDivergedError(RuntimeError):
    """The loss is no longer a finite number."""


class MaceTraining:
    """One training run: its state, and the loop that advances it.

    Parameters
    ----------
    model
        mace model; its parameters are changed in place, which is the point.
    config
        The run.
    train_graphs, validation_graphs
        Graphs in the default precision; without validation the last epoch is kept.
    checkpoint
        File that holds the state of the run.

    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 -- mace ships no types
        config: TrainingConfig,
        *,
        train_graphs: list[Any],
        validation_graphs: list[Any],
        checkpoint: Path,
    ) -> None:
        import torch
        from torch_ema import ExponentialMovingAverage  # noqa: PLC0415

        self.model = model
        self.config = config
        self.checkpoint = checkpoint
        self.device = torch.device(config.device)
        self._generator = torch.Generator()
        self._train = build_loader(
            train_graphs, batch_size=config.batch_size, generator=self._generator
        )
        self._validation = (
            build_loader(validation_graphs, batch_size=2 * config.batch_size)
            if validation_graphs
            else None
        )
        model.to(self.device)
        self._optimizer = _build_optimizer(model, config)
        self._average = ExponentialMovingAverage(
            model.parameters(), decay=config.ema_decay
        )
        self.epoch = 0
        self.elapsed_s = 0.0
        self.history: list[dict[str, float]] = []
        self._stage = 1
        self._best: dict[str, Any] = {}
        self._best_loss = math.inf
        self._plateau = {"rate": 1.0, "lowest": math.inf, "waited": 0.0}
        self._losses: list[float] = []
        self._saved_at = -math.inf
        self._saved_epoch = 0
        self._waited = 0
        self._request = StopRequest()
        self._epoch_s = math.inf

    def load(self) -> None:
        """Continue from the checkpoint file, weights only (nothing is executed)."""
        import torch

        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._average.load_state_dict(state["average"])
        self.epoch = self._saved_epoch = state["epoch"]
        self.elapsed_s = state["elapsed_s"]
        self.history = state["history"]
        self._stage = state["stage"]
        self._best = state["best"]
        self._best_loss = state["best_loss"]
        self._plateau = state["plateau"]
        self._waited = state.get("waited", 0)

    def save(self) -> None:
        """Write the checkpoint file, whole or not at all."""
        import torch

        state = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self._average.state_dict(),
            "epoch": self.epoch,
            "elapsed_s": self.elapsed_s,
            "history": self.history,
            "stage": self._stage,
            "best": self._best,
            "best_loss": self._best_loss,
            "plateau": self._plateau,
            "waited": self._waited,
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)
        self._saved_at = time.monotonic()
        self._saved_epoch = self.epoch

    def run(self, progress: Progress | None = None) -> None:
        """Train to the last epoch or another limit, then load the best weights.

        Parameters
        ----------
        progress
            Called after every epoch with (epochs done, epochs, errors).

        Raises
        ------
        TrainingDivergedError
            When the loss stops being finite; the last checkpoint is kept.
        TrainingPreempted
            After a signal: with a checkpoint of the running epoch when an epoch takes
            less than 10 s, otherwise of the last whole one.

        """
        with watch_signals() as self._request:
            self._run(progress)
        self.model.load_state_dict(self._best)

    def _run(self, progress: Progress | None) -> None:
        from mace.tools.train import train_one_epoch  # noqa: PLC0415

        config = self.config
        began = time.monotonic() - self.elapsed_s
        while not self._finished():
            self._enter_stage()
            self._generator.manual_seed(config.seed * 1_000_003 + self.epoch)
            self._losses = []
            started = time.monotonic()
            train_one_epoch(
                model=self.model,
                loss_fn=self._loss(),
                data_loader=self._paced_batches(began),
                optimizer=self._optimizer,
                epoch=self.epoch,
                output_args=_OUTPUT,
                max_grad_norm=config.clip_gradient,
                ema=self._average,
                logger=self,
                device=self.device,
                distributed=False,
            )
            if not np.isfinite(self._losses).all():
                message = (
                    f"the loss must stay finite; got {self._losses[-1]!r} in epoch "
                    f"{self.epoch + 1}. Lower learning_rate, or look for overlapping "
                    "atoms and wrong labels."
                )
                raise TrainingDivergedError(message)
            self.epoch += 1
            self._epoch_s = time.monotonic() - started
            self.elapsed_s = time.monotonic() - began
            errors = self._validate()
            self._record(errors)
            self.elapsed_s = time.monotonic() - began
            if (
                self._finished()
                or self._request.signal_name
                or time.monotonic() - self._saved_at > CHECKPOINT_EVERY_S
            ):
                self.save()
            if progress is not None:
                progress(self.epoch, config.epochs, errors)
            if self._request.signal_name and not self._finished():
                if self._saved_epoch < self.epoch:  # it came after the last look
                    self.save()
                raise TrainingPreempted(self._request.signal_name, self.epoch)

    def log(self, metrics: dict[str, Any]) -> None:
        """Take the loss of one step (called by mace-torch)."""
        self._losses.append(float(metrics["loss"]))

    def _finished(self) -> bool:
        return (
            self.epoch >= self.config.epochs
            or self._share_of_time() >= 1.0
            or (self._out_of_patience() and self._in_last_stage())
        )

    def _out_of_patience(self) -> bool:
        patience = self.config.patience_epochs
        return patience is not None and self._waited >= patience

    def _in_last_stage(self) -> bool:
        return self.config.second_stage is None or self._stage > 1

    def _share_of_time(self) -> float:
        limit = self.config.max_minutes
        return 0.0 if limit is None else self.elapsed_s / (60 * limit)

    def _share(self, step: float = 0.0) -> float:
        done = (self.epoch + step) / self.config.epochs
        return min(1.0, max(done, self._share_of_time()))

    def _paced_batches(self, began: float) -> Iterator[Any]:
        """Batches with the learning rate set before each, up to the time limit."""
        n_batches = len(self._train)
        for index, batch in enumerate(self._train):
            self.elapsed_s = time.monotonic() - began
            if index > 0 and self._share_of_time() >= 1.0:
                return
            if self._request.signal_name and self._epoch_s > PATIENCE_AFTER_SIGNAL_S:
                self._leave_epoch()
            rate = self._rate(self._share(index / n_batches))
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            yield batch

    def _leave_epoch(self) -> None:
        """End inside an epoch: the checkpoint on disk is of the last whole one."""
        raise TrainingPreempted(self._request.signal_name, self._saved_epoch)

    def _rate(self, share: float) -> float:
        config = self.config
        if share < config.warmup_fraction:
            # a rate of exactly zero would waste the first step
            return config.learning_rate * max(share / config.warmup_fraction, 0.01)
        if config.schedule == "plateau":
            return max(
                config.learning_rate * self._plateau["rate"],
                config.final_learning_rate,
            )
        fall = (share - config.warmup_fraction) / (1 - config.warmup_fraction)
        span = config.learning_rate - config.final_learning_rate
        return config.final_learning_rate + 0.5 * span * (1 + math.cos(math.pi * fall))

    def _enter_stage(self) -> None:
        second = self.config.second_stage
        begins = second is not None and (
            self._share() >= second.start_fraction or self._out_of_patience()
        )
        if begins and self._stage == 1:
            self._stage = 2
            self._waited = 0
            self._best_loss = math.inf
            self._plateau = {**self._plateau, "lowest": math.inf, "waited": 0.0}

    def _weights(self) -> LossWeights:
        if self._stage == 2 and self.config.second_stage is not None:  # noqa: PLR2004
            return self.config.second_stage.weights
        return self.config.weights

    def _loss(self) -> Any:  # noqa: ANN401
        from mace import modules  # noqa: PLC0415

        weights = self._weights()
        chosen = {
            "energy_weight": weights.energy,
            "forces_weight": weights.forces,
            "stress_weight": weights.stress,
        }
        loss = (
            modules.UniversalLoss(**chosen, huber_delta=_HUBER_DELTA)
            if self.config.loss == "huber"
            else modules.WeightedEnergyForcesStressLoss(**chosen)
        )
        return loss.to(self.device)

    def _validate(self) -> dict[str, float]:
        from mace.tools.train import evaluate  # noqa: PLC0415

        errors = {"train_loss": float(np.mean(self._losses))}
        if self._validation is not None:
            with self._average.average_parameters():
                loss, found = evaluate(
                    model=self.model,
                    loss_fn=self._loss(),
                    data_loader=self._validation,
                    output_args=_OUTPUT,
                    device=self.device,
                )
            errors["validation_loss"] = float(loss)
            errors |= {
                key: 1e3 * float(found[name])
                for key, name in _VALIDATED.items()
                if name in found
            }
        return errors

    def _record(self, errors: dict[str, float]) -> None:
        judged = errors.get("validation_loss", -float(self.epoch))
        self._waited = 0 if judged < self._best_loss else self._waited + 1
        if judged < self._best_loss or not self._best:
            self._best_loss = judged
            with self._average.average_parameters():
                self._best = {
                    key: value.detach().clone()
                    for key, value in self.model.state_dict().items()
                }
        watched = errors.get("validation_loss", errors["train_loss"])
        if watched < self._plateau["lowest"]:
            self._plateau.update(lowest=watched, waited=0.0)
        else:
            self._plateau["waited"] += 1
            if self._plateau["waited"] >= _PLATEAU_EPOCHS:
                self._plateau["waited"] = 0.0
                self._plateau["rate"] *= _PLATEAU_FACTOR
        self.history.append(
            {
                "epoch": self.epoch,
                "minutes": self.elapsed_s / 60,
                "learning_rate": self._optimizer.param_groups[0]["lr"],
                "stage": self._stage,
                **errors,
            }
        )


def _build_optimizer(model: Any, config: TrainingConfig) -> Any:  # noqa: ANN401
    from mace.tools.scripts_utils import (  # noqa: PLC0415
        get_optimizer,
        get_params_options,
    )

    options = SimpleNamespace(
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        optimizer="adam",
        amsgrad=True,
        beta=0.9,
        freeze=None,
        lr_params_factors="{}",
    )
    return get_optimizer(options, get_params_options(options, model))
