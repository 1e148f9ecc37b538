"""Routing: which queue, how urgent, by when. Pure: rules and facts in, an assignment out."""
