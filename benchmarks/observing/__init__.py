"""What being observed costs: the same server with and without all who hear what happens."""
