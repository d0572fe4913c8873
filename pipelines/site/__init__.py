"""A page of static files that looks, draws and writes without a server."""
