"""What a prediction, a whole step and the training's features cost, measured side by side.

May import: collector, compile, console, database, errors, features, logs, package, paths,
reliability, simulator, toolchain, urls.
"""
