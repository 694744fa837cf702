"""Cross-validated accuracy of scikit-learn's surrogates on the data sets that flowtwin is tested on.

Usage: python accuracy.py [--repeats N] [--models gp,forest,bagged_mlp] FILE.csv ...   (pip install -r requirements.txt)

10 folds x 5 repeats; scores are taken over all out-of-fold predictions of a repeat and averaged over repeats, as
`flowtwin twin evaluate` does. Inputs are scaled to 0..1, outcomes standardised on the training fold.
"""

import argparse
import csv
import warnings

import numpy as np
from sklearn.ensemble import BaggingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.model_selection import KFold
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


def scores(x, y, model, repeats):
    r2, pearson, rmse = [], [], []
    for repeat in range(repeats):
        predicted = np.empty_like(y)
        for train, test in KFold(10, shuffle=True, random_state=repeat).split(x):
            mean, sd = y[train].mean(), y[train].std()
            fitted = model(x.shape[1], repeat).fit(x[train], (y[train] - mean) / sd)
            predicted[test] = mean + sd * fitted.predict(x[test])
        errors = y - predicted
        r2.append(1 - (errors**2).sum() / ((y - y.mean()) ** 2).sum())
        pearson.append(np.corrcoef(y, predicted)[0, 1] ** 2)
        rmse.append(np.sqrt((errors**2).mean()))
    return np.mean(r2), np.std(r2), np.mean(pearson), np.mean(rmse)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--models", default=",".join(MODELS))
    arguments = parser.parse_args()
    print(f"{'data':<20} {'model':<12} {'R2':>7} {'sd':>6} {'r2':>7} {'rmse':>9}")
    for path in arguments.files:
        x, y = read(path)
        for model in map(MODELS.get, arguments.models.split(",")):
            r2, sd, pearson, rmse = scores(x, y, model, arguments.repeats)
            name = path.rsplit("/", 1)[-1].removesuffix(".csv")
            print(f"{name:<20} {model.__name__:<12} {r2:7.3f} {sd:6.3f} {pearson:7.3f} {rmse:9.4f}", flush=True)


if __name__ == "__main__":
    main()
