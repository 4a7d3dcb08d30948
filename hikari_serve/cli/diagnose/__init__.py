"""`hikari diagnose`: asks a server or this process, and shows or saves the answer."""
