package config

// Privacy is how much is kept of what readers did not write themselves.
type Privacy struct {
	// ClientAddress is how much the record of consent keeps of network
	// addresses: "full" (unless given), "network" or "none".
	ClientAddress string
}

func readPrivacy(t *table) Privacy {
	p := Privacy{ClientAddress: t.choice("client_address", "full", "network", "none")}
	t.done()
	return p
}
