"""The page at `/`: the workspace to look at and to work in, for demos and screenshots."""
