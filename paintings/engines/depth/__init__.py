"""How near everything in a photo is: told from cues, by a network, or by a person."""
