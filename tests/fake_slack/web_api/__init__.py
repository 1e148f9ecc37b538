"""The Web API: `/api/{method}`, by the families of its methods."""
