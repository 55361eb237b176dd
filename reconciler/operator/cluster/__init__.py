"""What the operator asks of the API server itself: secrets, statuses, events and its Lease. Start at `client`."""
