"""Side-by-side benchmarks: both sides in one interleaved run, printed as ratios."""
