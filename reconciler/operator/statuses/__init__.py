"""What a cycle came to, as statuses and events of the resources. Pure; start at `updates`.

Observed(snapshot, in_force, status, happened, …) -> updates -> Update(patch, events) -> cluster.reporter
"""
