"""Compile a fitted classifier to a package: exact in every implementation, or not written.

May import: errors, features, logs, package, prediction, report, toolchain, training.
"""

from edgewise.compile.compile import compile_estimator
from edgewise.compile.networks.compiling import compile_network
from edgewise.compile.networks.mlp import CANDIDATES, TrainedNetwork, train_network
from edgewise.compile.networks.trained import compile_trained_network
from edgewise.compile.packages import compile_file, compile_model, recompile
from edgewise.package.form import Form

__all__ = [
    "CANDIDATES",
    "Form",
    "TrainedNetwork",
    "compile_estimator",
    "compile_file",
    "compile_model",
    "compile_network",
    "compile_trained_network",
    "recompile",
    "train_network",
]
