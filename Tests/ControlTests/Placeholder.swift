// Replaced by the room's own tests.
