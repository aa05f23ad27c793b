"""What every bench needs, written once: peers, load, counters and the summary of rounds."""
