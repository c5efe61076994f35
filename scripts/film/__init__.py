"""`make film`: plays the students' way in Chromium, and makes the film and the help's pictures."""
