"""GitLab: `forge` its notes and issues, `variables` the pipeline that runs. Start at `forge`."""
