package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

const shortestAPIKey = 20

// APIKey is who may use the API for what.
type APIKey struct {
	Name   string
	Scopes []string // of Scopes; "articles" unless given
}

// Scopes are what a key may be for.
func Scopes() []string { return []string{"articles", "subscribers"} }

// APIKeys reads the lines name:key or name[scope,scope]:key of an API key file
// and returns whose each key is by the lower-case hexadecimal SHA-256 of the
// key, so that comparing takes no secret. Empty lines and those that begin with
// # say nothing. The error is Problems with their lines but without a file; it
// repeats no key.
func APIKeys(text []byte) (map[string]APIKey, error) {
	keys, lines := map[string]APIKey{}, map[string]int{}
	var wrong Problems
	n := 0
	for row := range strings.Lines(string(text)) {
		n++
		row = strings.TrimSpace(row)
		if row == "" || strings.HasPrefix(row, "#") {
			continue
		}
		key, hash, err := apiKey(row)
		if err == nil && lines[hash] > 0 {
			err = fmt.Errorf("has the same key as line %d: each name needs its own", lines[hash])
		}
		if err != nil {
			wrong = append(wrong, Problem{Line: n, Text: err.Error()})
			continue
		}
		keys[hash], lines[hash] = key, n
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return keys, nil
}

func apiKey(row string) (k APIKey, hash string, err error) {
	name, key, ok := strings.Cut(row, ":")
	name, key = strings.TrimSpace(name), strings.TrimSpace(key)
	k.Name, k.Scopes, err = scoped(name)
	switch {
	case !ok || k.Name == "":
		return k, "", fmt.Errorf(`must be "name:key"`)
	case err != nil:
		return k, "", err
	case line(100)(k.Name) != nil:
		return k, "", fmt.Errorf("has a name that is longer than 100 characters or not plain text")
	case len(key) < shortestAPIKey:
		return k, "", fmt.Errorf("has a key of %d characters: it needs at least %d", len(key), shortestAPIKey)
	case strings.ContainsAny(key, " \t"):
		return k, "", fmt.Errorf("has a key with a space in it")
	}
	sum := sha256.Sum256([]byte(key))
	return k, hex.EncodeToString(sum[:]), nil
}

// scoped reads a name with the scopes in brackets after it.
func scoped(text string) (name string, scopes []string, err error) {
	name, rest, given := strings.Cut(text, "[")
	if !given {
		return text, []string{"articles"}, nil
	}
	rest, closed := strings.CutSuffix(rest, "]")
	if !closed {
		return text, nil, fmt.Errorf(`has a "[" without its "]": write "name[subscribers]:key"`)
	}
	for scope := range strings.SplitSeq(rest, ",") {
		scope = strings.TrimSpace(scope)
		if !slices.Contains(Scopes(), scope) {
			return name, nil, fmt.Errorf("has the unknown scope %q: there are %s", scope, strings.Join(Scopes(), " and "))
		}
		scopes = append(scopes, scope)
	}
	return strings.TrimSpace(name), scopes, nil
}
