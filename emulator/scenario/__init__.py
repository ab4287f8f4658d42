"""Stories of what networks, wires, SIM cards and modules do: read, checked, and told to a modem."""
