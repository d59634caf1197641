"""A product becomes an ad: script, voice, pictures, music."""
