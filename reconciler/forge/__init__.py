"""Adapters of code forges: comments, issues, annotations. Start at `github`."""
