"""Measurements. They print and assert nothing; benchmarks/README.md says how to read them."""
