"""The recurrent core: cells, unrolling through time, attention, generation."""
