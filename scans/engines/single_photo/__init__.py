"""One photo becomes a closed model: its own pixels in front, a sensible back."""
