"""The layers in the shapes that other programs open."""
