"""The model repository: configurations, versions, weights and where they come from."""
