"""Keeps runners that are Kubernetes resources in step: `watch` with another source. Start at `start`.

    streams, listing -> store -> source -> (a loop of watch, one an Account: account, pool) -> statuses -> cluster

`resources` says what an Account and a Runner hold, and gives them to the engine as files; `install` prints what a
cluster needs; `view` shows all Accounts over HTTP.
"""
