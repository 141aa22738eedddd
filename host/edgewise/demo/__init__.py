"""`edgewise demo`: the whole way through, and its summary.

May import: broker, collector, compile, console, dashboard, database, errors, features, logs,
package, prediction, simulator, toolchain, training, urls.
"""
