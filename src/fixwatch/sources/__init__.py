"""FIX to the topic: simulated flow, log files, and the producer that they share."""
