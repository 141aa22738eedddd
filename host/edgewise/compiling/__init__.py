"""From a fitted classifier to a package: exact, compared everywhere, or not written."""

from edgewise.compiling.compile import compile_estimator
from edgewise.compiling.packages import compile_file, compile_model, recompile
from edgewise.form import Form

__all__ = ["Form", "compile_estimator", "compile_file", "compile_model", "recompile"]
