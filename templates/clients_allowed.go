package templates

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed clients_allowed.txt
var allowedTable string

// allowedClients are the programs by the feature that they do not know, where
// that was looked at and does no harm. It is read once.
var allowedClients = sync.OnceValue(func() map[string][]string {
	allowed := map[string][]string{}
	for line := range strings.Lines(allowedTable) {
		if feature, clients, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
			allowed[feature] = strings.Fields(clients)
		}
	}
	return allowed
})

// HarmfulTo are the names of the programs that do not know the feature, those
// that most people have first, less those where that is known to do no harm in
// the themes that are built in.
func (u *Unsupported) HarmfulTo() []string {
	clients := slices.DeleteFunc(slices.Clone(u.None), func(client string) bool {
		return slices.Contains(allowedClients()[u.Feature], client)
	})
	slices.SortStableFunc(clients, func(a, b string) int { return cmp.Compare(rarity(a), rarity(b)) })
	names := make([]string, len(clients))
	for i, client := range clients {
		names[i] = ClientName(client)
	}
	return names
}

// rarity is small for the programs that most people have.
func rarity(client string) int {
	common := []string{"apple-mail", "gmail", "outlook", "yahoo", "samsung-email"}
	family, _, _ := strings.Cut(client, ".")
	if i := slices.Index(common, family); i >= 0 {
		return i
	}
	return len(common)
}
