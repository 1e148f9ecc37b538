"""A configuration folder: its form (`model`), its reading (`load`), its cross-checks (`check`)."""
