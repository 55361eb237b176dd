"""Commands that need no service, one file each."""
