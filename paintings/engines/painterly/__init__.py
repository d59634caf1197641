"""Paint, chalk, ink and wood: pictures drawn anew by strokes, the same for the same seed."""
