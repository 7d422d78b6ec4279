"""Jobs: runs of workflow versions, from enqueue to outcome."""
