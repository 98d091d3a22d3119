"""How both networks learn inside anemoi-training: method, crops, averaged weights, checks."""
