"""GitHub: annotations and outputs of an Actions step, the sticky comment of a pull request, the sticky drift issue."""
