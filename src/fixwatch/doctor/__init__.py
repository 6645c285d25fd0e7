"""Is everything there, does it fit together, and what to do where not: the checks behind `fixwatch doctor`."""
