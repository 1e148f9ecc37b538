"""Parts of `model`, which gathers them: import from there."""
