"""Makes the demo family: draws its cases, trains its models, writes them as a repository."""
