"""Models of an outcome that know how sure they are, as estimators of scikit-learn."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, Literal, overload

from flowtwin import _flowtwin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["NotFittedError", "Surrogate"]


class NotFittedError(ValueError, AttributeError):
    """A surrogate was asked before it was fitted. Where scikit-learn is loaded, what is raised is one of its own kind too."""


def not_fitted(message: str) -> NotFittedError:
    """The exception that scikit-learn knows, where it is there."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", None)
    if theirs is None:
        return NotFittedError(message)
    return type("NotFittedError", (NotFittedError, theirs), {})(message)  # type: ignore[no-any-return]


class Surrogate:
    """A model of an outcome, with its uncertainty: those that policies learn with.

    The interface is that of an estimator of scikit-learn, which need not be installed: ``fit``, ``predict``, ``score``,
    ``get_params`` and ``set_params``; it clones and pickles, and predicts the same bits afterwards.

    >>> surrogate = Surrogate("gp").fit([[120.0], [135.0], [150.0]], [0.2, 0.9, 0.4])
    >>> mean, sd = surrogate.predict([[140.0]], return_std=True)
    """

    _estimator_type = "regressor"

    def __init__(self, name: str = "stack", *, seed: int = 1, jobs: int | None = None) -> None:
        """Names a surrogate.

        Args:
            name: ``"stack"``, ``"gp"``, ``"forest"``, ``"modern"``, ``"legacy-fastcat"`` or ``"legacy-smartdope"``.
            seed: Seed of its draws, 0 to 2**64 - 1.
            jobs: Threads, all cores if left out. They change no result.
        """
        self.name = name
        self.seed = seed
        self.jobs = jobs

    def fit(self, X: ArrayLike, y: ArrayLike) -> Surrogate:
        """Learns from inputs ``X`` [n, d] and outcomes ``y`` [n], in any units.

        Raises:
            ValueError: If there are fewer than two rows, the shapes disagree, or a value is not finite.
        """
        import numpy as np

        x = self._inputs(X)
        if y is None:
            raise ValueError("this estimator requires y to be passed, but the target y is None")
        raw = np.asarray(y)
        if raw.ndim == 2 and raw.shape[1] == 1:
            kind = getattr(sys.modules.get("sklearn.exceptions"), "DataConversionWarning", UserWarning)
            warnings.warn("A column-vector y was passed when a 1d array was expected", kind, stacklevel=2)
            raw = raw.ravel()
        if raw.ndim != 1:
            raise ValueError(f"y must have one dimension, not {raw.ndim}")
        outcomes = np.ascontiguousarray(raw, dtype=np.float64)
        if len(outcomes) != len(x):
            raise ValueError(f"{len(x)} rows of inputs for {len(outcomes)} outcomes")
        if len(x) < 2:
            raise ValueError(f"n_samples={len(x)} experiments with an outcome are too few: at least 2 are needed")
        if not np.isfinite(outcomes).all():
            raise ValueError("y contains NaN or infinity")
        low, high = x.min(axis=0), x.max(axis=0)
        self.n_features_in_ = x.shape[1]
        self.low_: NDArray[np.float64] = low
        self.width_: NDArray[np.float64] = np.where(high > low, high - low, 1.0)
        self.X_: NDArray[np.float64] = self._scaled(x)
        self._core = _flowtwin.Fitted.fit(self.name, self.X_, outcomes, self.seed, self.jobs)
        return self

    @staticmethod
    def _inputs(X: ArrayLike) -> NDArray[np.float64]:
        import numpy as np

        if hasattr(X, "toarray"):
            raise TypeError("sparse data were passed, but dense data are required")
        raw = np.asarray(X)
        if np.iscomplexobj(raw):
            raise ValueError("Complex data not supported")
        x = np.ascontiguousarray(raw, dtype=np.float64)
        if x.ndim != 2:
            raise ValueError(f"X must have two dimensions, not {x.ndim}. Reshape your data: one row an experiment")
        if x.shape[0] == 0:
            raise ValueError(f"0 sample(s) (shape={x.shape}) while a minimum of 1 is required.")
        if x.shape[1] == 0:
            raise ValueError(f"0 feature(s) (shape={x.shape}) while a minimum of 1 is required.")
        if not np.isfinite(x).all():
            raise ValueError("X contains NaN or infinity")
        return x

    def _scaled(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        return np.ascontiguousarray((x - self.low_) / self.width_)

    def _known(self, X: ArrayLike) -> NDArray[np.float64]:
        if not hasattr(self, "_core"):
            raise not_fitted(f"this {type(self).__name__} is not fitted yet: call fit first")
        x = self._inputs(X)
        if x.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {x.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input"
            )
        return self._scaled(x)

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[False] = False) -> NDArray[np.float64]: ...
    @overload
    def predict(
        self, X: ArrayLike, return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def predict(self, X: ArrayLike, return_std: bool = False) -> Any:
        """Mean of the noise-free outcome at ``X`` [q, d], and with ``return_std`` its standard deviation, [q] each.

        Raises:
            NotFittedError: Before :meth:`fit`.
            ValueError: If ``X`` has other columns than were fitted, or a value that is not finite.
        """
        x = self._known(X)
        mean, sd = self._core.predict(x)
        return (mean, sd) if return_std else mean

    def sample(self, X: ArrayLike, n: int = 1, *, seed: int | None = None) -> NDArray[np.float64]:
        """Draws of the noise-free outcome at ``X`` [q, d]: [n, q], each one function where the model can draw functions."""
        x = self._known(X)
        return self._core.draw(x, n, self.seed if seed is None else seed)

    def explain(self, X: ArrayLike, background: ArrayLike | None = None) -> tuple[float, NDArray[np.float64]]:
        """Exact Shapley values of the mean at ``X`` [q, d].

        Args:
            X: The points to explain; at most 12 columns.
            background: What an input that is not known may be [b, d]; 32 of the fitted rows if left out.

        Returns:
            The mean over the background, and the share of each input [q, d]; together they are the predictions.
        """
        x = self._known(X)
        known = self.X_[:32] if background is None else self._known(background)
        return self._core.shapley(x, known, self.jobs)

    @property
    def noise_sd_(self) -> float:
        """Standard deviation of the noise of one measurement, in units of the outcome."""
        return self._core.noise_sd

    @property
    def weights_(self) -> dict[str, float]:
        """How ``stack`` has weighed its models, by name."""
        return dict(self._core.weights)

    @property
    def held_out_(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each row would have been predicted to be by a model that had not seen it: mean and standard deviation [n], the
        noise included."""
        return self._core.held_out

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """R² of the predictions at ``X`` [q, d], measured as ``y`` [q]."""
        import numpy as np

        truth = np.asarray(y, dtype=np.float64)
        weight = np.ones_like(truth) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        left = np.sum(weight * (truth - self.predict(X)) ** 2)
        all_ = np.sum(weight * (truth - np.average(truth, weights=weight)) ** 2)
        return float(1.0 - left / all_)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What it was made with, by name."""
        return {"name": self.name, "seed": self.seed, "jobs": self.jobs}

    def set_params(self, **params: Any) -> Surrogate:
        """The same with other parameters.

        Raises:
            ValueError: If there is no such parameter.
        """
        for key, value in params.items():
            if key not in self.get_params():
                raise ValueError(f"invalid parameter {key!r} for estimator {self!r}")
            setattr(self, key, value)
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if "_core" in state:
            state["_core"] = self._core.json()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_core" in state:
            self._core = _flowtwin.Fitted.of_json(state["_core"], self.n_features_in_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_core")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(),
        )

    def __repr__(self) -> str:
        return f"Surrogate({self.name!r}, seed={self.seed})"
