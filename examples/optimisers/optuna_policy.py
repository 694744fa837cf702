"""Optuna's tree-structured Parzen estimator as an optimiser: see flowtwin_lines.py for how to run it."""

import warnings

import optuna
from optuna.distributions import FloatDistribution

from flowtwin_lines import converse

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Tpe:
    def __init__(self, space):
        self.space = space
        self.ranges = {i["name"]: FloatDistribution(i["low"], i["high"]) for i in space.inputs}
        sampler = optuna.samplers.TPESampler(seed=space.seed, n_startup_trials=5, constraints_func=missed)
        self.study = optuna.create_study(direction="maximize", sampler=sampler)

    def ask(self):
        def draw():
            trial = self.study.ask(self.ranges)
            values = [trial.params[name] for name in self.space.names()]
            table = self.space.conditions(values)
            # What cannot be run is told as infeasible, so that the sampler learns to keep away.
            trial.set_user_attr("missed", self.space.violation(table))
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return values
        return self.space.feasible(draw)

    def tell(self, conditions, outcome):
        state = optuna.trial.TrialState.FAIL if outcome is None else optuna.trial.TrialState.COMPLETE
        self.study.add_trial(optuna.trial.create_trial(
            state=state, value=outcome, params=conditions, distributions=self.ranges,
            user_attrs={"missed": 0.0}, system_attrs={"constraints": [0.0]}))


def missed(trial):
    return [trial.user_attrs.get("missed", 0.0)]


converse(Tpe)
