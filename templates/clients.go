package templates

import (
	"cmp"
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed clients.tsv
var clientsTable string

// Unsupported is something in a mail that some mail programs do not know.
type Unsupported struct {
	Feature string   // its name in the data, such as "css-max-width"
	Title   string   // as people write it, such as "max-width"
	Example string   // where it was first met, such as "max-width:640px"
	Extra   bool     // it stands in style elements alone, which only better what the inline styles do
	None    []string // the programs that ignore it or take it out, such as "outlook.windows"
	Part    []string // the programs that know it in part

	at string // the number of the place in a traced theme, "" for none
}

// support is what is known of one feature.
type support struct {
	title      string
	none, part []string
}

// clientSupport reads the table, once.
var clientSupport = sync.OnceValue(func() map[string]support {
	known := map[string]support{}
	for line := range strings.Lines(clientsTable) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		known[columns[0]] = support{title: columns[1], none: strings.Fields(columns[2]), part: strings.Fields(columns[3])}
	}
	return known
})

// ClientName is the name of a mail program as people know it: "Outlook on
// Windows" for "outlook.windows".
func ClientName(client string) string {
	if client == "outlook.windows-mail" { // which never had the family's name
		return "Windows Mail"
	}
	family, platform, _ := strings.Cut(client, ".")
	name := cmp.Or(map[string]string{
		"gmail": "Gmail", "outlook": "Outlook", "yahoo": "Yahoo Mail", "apple-mail": "Apple Mail", "aol": "AOL", "thunderbird": "Thunderbird",
		"samsung-email": "Samsung Email", "sfr": "SFR", "orange": "Orange", "protonmail": "Proton Mail", "hey": "HEY", "mail-ru": "Mail.ru",
		"fastmail": "Fastmail", "laposte": "LaPoste.net", "gmx": "GMX", "web-de": "WEB.DE", "ionos-1and1": "IONOS",
	}[family], family)
	return name + cmp.Or(map[string]string{
		"desktop-webmail": " on the web", "mobile-webmail": " on the mobile web", "ios": " on iOS", "android": " on Android",
		"windows": " on Windows", "macos": " on macOS", "outlook-com": ".com",
	}[platform], ": "+platform)
}

// CheckClients lists what a mail's HTML part uses that not every program
// knows, in the order of the names of the features. What it uses is read from
// its elements, attributes, style attributes and style elements; comments, in
// which Outlook's own parts stand, are left out.
func CheckClients(html string) []Unsupported {
	u := uses{plain: map[string]use{}, extra: map[string]use{}}
	u.document(html)
	var found []Unsupported
	collect := func(used map[string]use, isExtra bool) {
		for feature, first := range used {
			if s := clientSupport()[feature]; len(s.none)+len(s.part) > 0 {
				found = append(found, Unsupported{Feature: feature, Title: s.title, Example: first.example, Extra: isExtra, None: s.none, Part: s.part, at: first.at})
			}
		}
	}
	collect(u.plain, false)
	maps.DeleteFunc(u.extra, func(feature string, _ use) bool {
		_, plain := u.plain[feature]
		return plain
	})
	collect(u.extra, true)
	slices.SortFunc(found, func(a, b Unsupported) int { return strings.Compare(a.Feature, b.Feature) })
	return found
}

// uses are the features that a mail uses, each with the first place where:
// those that it relies on, and those of its style elements.
type uses struct {
	plain, extra map[string]use
	inSheet      bool
	at           string // the number of the element's place in a traced theme
}

// use is where a mail uses a feature.
type use struct{ example, at string }

func (u *uses) add(feature, example string) {
	used := u.plain
	if u.inSheet {
		used = u.extra
	}
	if _, ok := used[feature]; !ok {
		used[feature] = use{example, u.at}
	}
}
