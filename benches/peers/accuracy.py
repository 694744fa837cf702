"""Cross-validated accuracy of scikit-learn's surrogates on the data sets that flowtwin is tested on.

Usage: python accuracy.py [--repeats N] [--models gp,forest,bagged_mlp] [--folds DIR] FILE.csv ...   (pip install -r
requirements.txt)

10 folds x 5 repeats, rows of the same inputs in one fold; scores are taken over all out-of-fold predictions of a repeat
and averaged over repeats, as `flowtwin twin evaluate` does. Inputs are scaled to 0..1, outcomes standardised on the
training fold. `cover` is the share of outcomes within the 95 % interval, of the model that has one.

On a small table other splits are other scores: R2 of one model moves by a few hundredths. With --folds the splits are those
of flowtwin, read from DIR/FILE.csv: `cargo run --release -p flowtwin-twin --example accuracy -- FILE.csv --folds`.
"""

import argparse
import csv
import os
import warnings

import numpy as np
from sklearn.ensemble import BaggingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.neural_network import MLPRegressor

warnings.filterwarnings("ignore")


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != "n_replicates"]
    table = np.array([[float(row[name]) for name in names] for row in rows])
    x, y = table[:, :-1], table[:, -1]
    return (x - x.min(0)) / (x.max(0) - x.min(0)), y


def gp(dim, seed):
    kernel = ConstantKernel(1.0) * Matern(np.ones(dim), (1e-2, 1e3), nu=2.5) + WhiteKernel(0.1, (1e-6, 1e1))
    return GaussianProcessRegressor(kernel, n_restarts_optimizer=2, random_state=seed)


def forest(dim, seed):
    return RandomForestRegressor(500, random_state=seed)


def bagged_mlp(dim, seed):
    net = MLPRegressor(hidden_layer_sizes=(32, 32), solver="lbfgs", alpha=1e-2, max_iter=500)
    return BaggingRegressor(net, 20, random_state=seed)


MODELS = {model.__name__: model for model in (gp, forest, bagged_mlp)}


def folds(x, count, seed):
    """Parts of nearly as many different inputs each, replicates never apart."""
    groups = np.unique(x, axis=0, return_inverse=True)[1].ravel()
    order = np.random.default_rng(seed).permutation(groups.max() + 1)
    for part in np.array_split(order, min(count, len(order))):
        test = np.isin(groups, part)
        yield np.flatnonzero(~test), np.flatnonzero(test)


def splits(x, repeats, path):
    """For each repeat its folds: our own, or those that the file says."""
    if path is None:
        return [list(folds(x, 10, repeat)) for repeat in range(repeats)]
    repeat, fold, row = np.loadtxt(path, delimiter=",", skiprows=1, dtype=int, ndmin=2).T
    parts = {(r, f): row[(repeat == r) & (fold == f)] for r, f in zip(repeat, fold)}
    return [
        [(np.setdiff1d(row, test), test) for (r, _), test in parts.items() if r == wanted] for wanted in range(repeats)
    ]


def predict(fitted, x):
    """Means and standard deviations, the noise included; not a number where the model has none."""
    if isinstance(fitted, GaussianProcessRegressor):
        return fitted.predict(x, return_std=True)
    return fitted.predict(x), np.full(len(x), np.nan)


def scores(x, y, model, parts):
    """R2, its spread over repeats, squared correlation, root mean square error, coverage."""
    r2, pearson, rmse, cover = [], [], [], []
    for repeat, split in enumerate(parts):
        predicted, spread = np.empty_like(y), np.empty_like(y)
        for train, test in split:
            mean, sd = y[train].mean(), y[train].std()
            fitted = model(x.shape[1], repeat).fit(x[train], (y[train] - mean) / sd)
            means, sds = predict(fitted, x[test])
            predicted[test], spread[test] = mean + sd * means, sd * sds
        errors = y - predicted
        r2.append(1 - (errors**2).sum() / ((y - y.mean()) ** 2).sum())
        pearson.append(np.corrcoef(y, predicted)[0, 1] ** 2)
        rmse.append(np.sqrt((errors**2).mean()))
        cover.append(np.nan if np.isnan(spread).any() else (np.abs(errors) <= 1.96 * spread).mean())
    return np.mean(r2), np.std(r2), np.mean(pearson), np.mean(rmse), np.mean(cover)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--folds")
    arguments = parser.parse_args()
    print(f"{'data':<20} {'model':<12} {'R2':>7} {'sd':>6} {'r2':>7} {'rmse':>9} {'cover':>6}")
    for path in arguments.files:
        x, y = read(path)
        given = arguments.folds and os.path.join(arguments.folds, os.path.basename(path))
        parts = splits(x, arguments.repeats, given)
        for model in map(MODELS.get, arguments.models.split(",")):
            r2, sd, pearson, rmse, cover = scores(x, y, model, parts)
            name = path.rsplit("/", 1)[-1].removesuffix(".csv")
            print(f"{name:<20} {model.__name__:<12} {r2:7.3f} {sd:6.3f} {pearson:7.3f} {rmse:9.4f} {cover:6.3f}", flush=True)


if __name__ == "__main__":
    main()
