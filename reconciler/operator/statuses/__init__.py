"""What a cycle came to, as statuses and events of the resources. Pure; start at `updates`."""
