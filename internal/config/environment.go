package config

import (
	"maps"
	"slices"
	"strings"
)

const (
	envPrefix = "BROADSHEET_"
	envConfig = "BROADSHEET_CONFIG"
	envTest   = "BROADSHEET_TEST_" // belongs to our tests
)

// environment holds the variables that set something, and learns which names
// there are as the settings are read.
type environment struct {
	values map[string]string
	known  []string
}

func newEnvironment(environ []string) *environment {
	e := &environment{values: map[string]string{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, envPrefix) && name != envConfig && !strings.HasPrefix(name, envTest) {
			e.values[name] = value
		}
	}
	return e
}

// lookup returns what is set; a variable that is empty sets nothing.
func (e *environment) lookup(name string) (value string, ok bool) {
	e.known = append(e.known, name)
	value = e.values[name]
	return value, value != ""
}

// has says whether any variable begins with prefix.
func (e *environment) has(prefix string) bool {
	for name, value := range e.values {
		if strings.HasPrefix(name, prefix) && value != "" {
			return true
		}
	}
	return false
}

// unknown returns a problem for each variable that sets nothing we know.
func (e *environment) unknown() Problems {
	var out Problems
	for _, name := range slices.Sorted(maps.Keys(e.values)) {
		if slices.Contains(e.known, name) {
			continue
		}
		text := "unknown variable"
		if near := nearest(name, e.known); near != "" {
			text += ", did you mean " + near + "?"
		} else {
			text += `; variables are named after a section and a key, such as BROADSHEET_MAIL_RATE`
		}
		out = append(out, Problem{File: name, Text: text})
	}
	return out
}
