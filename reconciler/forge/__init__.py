"""Code forges: comments, issues, annotations. Start at `port`, what a forge must do; `sticky` says what is kept there.

`context` is what a comment speaks for; `choose` finds the forge by the CI's variables, `rest` is the client of all of
them. Adapters: `github`, which serves Gitea and Forgejo too, and `gitlab`.
"""
