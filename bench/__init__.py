"""Benchmarks: every figure that is claimed is printed by one of these (script/bench NAME)."""
