"""Surrogates as estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import flowtwin

DRAWS = np.random.default_rng(1)
X = DRAWS.uniform([120.0, 20.0], [150.0, 200.0], size=(24, 2))
Y = np.sin(X[:, 0] / 10.0) + 0.01 * X[:, 1]
NAMES = ["stack", "gp", "forest", "modern"]


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_and_says_how_sure_it_is(name: str) -> None:
    surrogate = flowtwin.Surrogate(name, jobs=2).fit(X, Y)
    mean, sd = surrogate.predict(X, return_std=True)
    assert mean.shape == sd.shape == (24,) and (sd >= 0).all() and np.isfinite(mean).all()
    assert surrogate.score(X, Y) > 0.8
    assert (flowtwin.Surrogate(name, jobs=1).fit(X, Y).predict(X) == mean).all()


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_from_a_pickle_bit_for_bit(name: str) -> None:
    surrogate = flowtwin.Surrogate(name).fit(X, Y)
    again = pickle.loads(pickle.dumps(surrogate))
    assert (again.predict(X) == surrogate.predict(X)).all()


def test_draws_and_explanations_have_their_shapes() -> None:
    surrogate = flowtwin.Surrogate("gp").fit(X, Y)
    draws = surrogate.sample(X[:5], 200)
    assert draws.shape == (200, 5)
    mean, sd = surrogate.predict(X[:5], return_std=True)
    assert np.abs(draws.mean(axis=0) - mean) == pytest.approx(0.0, abs=5 * sd.max() / np.sqrt(200) + 1e-6)
    assert (surrogate.sample(X[:5], 3) == draws[:3]).all()
    base, shares = surrogate.explain(X[:5])
    assert shares.shape == (5, 2)
    assert base + shares.sum(axis=1) == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X, Y[:-1], "24 rows of inputs for 23 outcomes"),
        (X[:1], Y[:1], "too few"),
        (np.zeros((0, 2)), [], "0 sample"),
        (np.zeros((3, 0)), [1, 2, 3], "0 feature"),
        (X[:, 0], Y, "two dimensions"),
        (np.where(X > 149, np.nan, X), Y, "NaN"),
        (X, np.where(Y > 0, np.inf, Y), "infinity"),
        (X, Y * 1e300, "must lie within"),
        ([["a", "b"]] * 3, [1, 2, 3], "could not convert"),
    ],
)
def test_data_that_cannot_be_learnt_from_are_explained(x: object, y: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        flowtwin.Surrogate("gp").fit(x, y)  # type: ignore[arg-type]


def test_it_must_be_fitted_to_what_it_is_asked() -> None:
    with pytest.raises(flowtwin.surrogate.NotFittedError):
        flowtwin.Surrogate("gp").predict(X)
    surrogate = flowtwin.Surrogate("gp").fit(X, Y)
    with pytest.raises(ValueError, match="3 features"):
        surrogate.predict(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="no surrogate named best"):
        flowtwin.Surrogate("best").fit(X, Y)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_it_passes_the_checks_of_scikit_learn(name: str) -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="scikit-learn is not installed")
    results = checks.check_estimator(flowtwin.Surrogate(name), on_fail=None)
    failed = [(r["check_name"], str(r["exception"])[:200]) for r in results if r["status"] == "failed"]
    assert failed == []
