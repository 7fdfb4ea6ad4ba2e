"""Pure statistics: moments, normal scores, autocorrelation, distances, intervals, reference distributions."""
