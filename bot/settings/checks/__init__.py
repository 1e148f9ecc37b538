"""Cross-checks by subject. Each module has one `check`, which reports what does not fit."""
