"""Code forges: comments, issues, annotations. Start at `port`, what a forge must do; `sticky` says what is kept there.

`context` is what a comment speaks for; `github` is the first adapter.
"""
