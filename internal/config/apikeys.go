package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const shortestAPIKey = 20

// APIKeys reads the lines name:key of an API key file and returns the name of
// each key by the lower-case hexadecimal SHA-256 of the key, so that comparing
// takes no secret. Empty lines and those that begin with # say nothing. The
// error is Problems with their lines but without a file; it repeats no key.
func APIKeys(text []byte) (map[string]string, error) {
	keys, lines := map[string]string{}, map[string]int{}
	var wrong Problems
	n := 0
	for row := range strings.Lines(string(text)) {
		n++
		row = strings.TrimSpace(row)
		if row == "" || strings.HasPrefix(row, "#") {
			continue
		}
		name, hash, err := apiKey(row)
		if err == nil && lines[hash] > 0 {
			err = fmt.Errorf("has the same key as line %d: each name needs its own", lines[hash])
		}
		if err != nil {
			wrong = append(wrong, Problem{Line: n, Text: err.Error()})
			continue
		}
		keys[hash], lines[hash] = name, n
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return keys, nil
}

func apiKey(row string) (name, hash string, err error) {
	name, key, ok := strings.Cut(row, ":")
	name, key = strings.TrimSpace(name), strings.TrimSpace(key)
	switch {
	case !ok || name == "":
		return "", "", fmt.Errorf(`must be "name:key"`)
	case line(100)(name) != nil:
		return "", "", fmt.Errorf("has a name that is longer than 100 characters or not plain text")
	case len(key) < shortestAPIKey:
		return "", "", fmt.Errorf("has a key of %d characters: it needs at least %d", len(key), shortestAPIKey)
	case strings.ContainsAny(key, " \t"):
		return "", "", fmt.Errorf("has a key with a space in it")
	}
	sum := sha256.Sum256([]byte(key))
	return name, hex.EncodeToString(sum[:]), nil
}
