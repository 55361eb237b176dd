"""Commands that talk to the service or to a forge, one file each."""
