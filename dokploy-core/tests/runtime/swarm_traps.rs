//! What Swarm does that one would not expect.
