"""What `operator manifests` prints: all that a cluster needs to run the operator. Pure; start at `documents`."""
