"""Where the desired state comes from, and when it changes: the working folder, or a ref of a git remote."""
