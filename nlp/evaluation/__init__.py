"""Measuring understanding: figures, pictures, comparisons, and what is wrong with the data."""
