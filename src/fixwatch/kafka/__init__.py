"""What every client of the topic needs: how to reach the brokers, which topic it is, where it ends."""
