"""The API of lessons and quizzes: their own endpoints, and those of seed 002."""
