"""`edgewise demo`: run every step from log to database and summarise the results.

May import: broker, collector, compile, console, dashboard, database, errors, features, logs,
package, prediction, simulator, toolchain, training, urls.
"""
