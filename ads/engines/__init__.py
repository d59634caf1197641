"""What does the work of each step: vendors and local programs, one file an engine."""
