"""What moves a state when: one model, models switched at times, or a function of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any, NamedTuple

import numpy as np

from qemlib import _checks
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model

__all__ = ["Piece", "Protocol", "Ramp", "alike", "is_ramp", "protocol"]

_SAME = 1e-9  # oscillators, relative


def alike(one: Any, other: Any) -> bool:
    """Whether both, oscillators or models, have one mass and one frequency."""
    pairs = ((one.mass, other.mass), (one.frequency, other.frequency))
    return all(abs(a - b) <= _SAME * abs(b) for a, b in pairs)


class Piece(NamedTuple):
    """What one model moves: the times at which the state is wanted, and those with its end."""

    start: float
    model: Any
    wanted: np.ndarray
    stops: np.ndarray


@dataclass(frozen=True, eq=False)
class Protocol:
    """Models, and the times from which on they hold, the first of them 0."""

    starts: tuple[float, ...]
    models: tuple[Any, ...]
    at: Callable[[float], Any] | None = None

    @property
    def first(self) -> Any:
        """The model at time 0."""
        return self.models[0]

    def pieces(self, times: np.ndarray) -> Iterator[Piece]:
        """All that begins no later than the last of these times."""
        ends = (*self.starts[1:], np.inf)
        for start, end, model in zip(self.starts, ends, self.models, strict=True):
            last = end >= times[-1]
            wanted = times[(times >= start) & ((times < end) | last)]
            if start <= times[-1]:
                yield Piece(start, model, wanted, wanted if last else np.append(wanted, end))
            if end > times[-1]:
                return

    def shown(self, model: Any, time: float) -> Any:
        """What moves a state from this time on, where `model` stands for a piece around it."""
        return model if self.at is None else self.at(time)


class Ramp:
    """Models as a function of time, each made once and kept."""

    def __init__(self, function: Callable[[float], Any], times: np.ndarray) -> None:
        self._function, self._ends = function, np.unique(np.append(0.0, times))
        self._made: dict[float, Any] = {}

    def of(self, pieces: int) -> Protocol:
        """So many pieces between two times, each with the model of its middle."""
        ends = self._ends
        if ends.size == 1:  # the start alone
            return Protocol((0.0,), (self._at(0.0),), self._at)
        part = np.arange(pieces) / pieces
        starts = (ends[:-1, None] + np.diff(ends)[:, None] * part).ravel()
        middles = 0.5 * (starts + np.append(starts[1:], ends[-1]))
        models = tuple(self._at(float(time)) for time in middles)
        return Protocol(tuple(starts.tolist()), models, self._at)

    def _at(self, time: float) -> Any:
        if time not in self._made:
            try:
                model = self._function(time)
                _refuse_none(model)
            except TypeError as error:
                raise TypeError(
                    "model must be a LangevinModel or an AveragedModel, or give one where it is a "
                    f"function of time; at {time:.6g} it raised: {error}"
                ) from error
            self._made[time] = model
            _refuse_others([next(iter(self._made.values())), model])
        return self._made[time]


def is_ramp(model: Any) -> bool:
    """Whether it is a function of time, and no model."""
    return callable(model) and not hasattr(model, "force_at")


def protocol(model: Any) -> Protocol:
    """The protocol that is meant; refuse what is none."""
    if isinstance(model, list | tuple):
        return _of_list(model)
    _refuse_none(model)
    return Protocol((0.0,), (model,))


def _of_list(given: list | tuple) -> Protocol:
    if not given:
        raise ValueError("model must hold at least one pair (time, model), got none")
    starts, models = [], []
    for pair in given:
        if not (isinstance(pair, list | tuple) and len(pair) == 2):
            raise TypeError(
                f"model must be pairs (time, model) where it is a list, got {repr_short(pair)}"
            )
        starts.append(_checks.finite("time in model", pair[0]))
        _refuse_none(pair[1])
        models.append(pair[1])
    if starts[0] != 0.0 or (np.diff(starts) <= 0).any():
        raise ValueError(f"times in model must rise from 0, got {repr_short(starts)}")
    _refuse_others(models)
    return Protocol(tuple(starts), tuple(models))


def _refuse_none(model: Any) -> None:
    if not isinstance(model, AveragedModel):
        refuse_other_than_model(model)


def _refuse_others(models: list[LangevinModel | AveragedModel]) -> None:
    first = models[0]
    for other in models[1:]:
        if isinstance(other, AveragedModel) != isinstance(first, AveragedModel):
            raise TypeError("model must hold models of one kind, got averaged ones and others")
        if not alike(other, first):
            raise ValueError(
                "model must hold models of one oscillator, got masses and frequencies "
                f"{(first.mass, first.frequency)} and {(other.mass, other.frequency)}"
            )
