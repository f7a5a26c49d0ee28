package web_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// node is a part of the description of the API.
type node = map[string]any

func (s *site) description() node {
	s.t.Helper()
	r := s.ask(http.MethodGet, "/api/v1/openapi.json", "")
	r.want(s.t, 200)
	var doc node
	s.must(json.Unmarshal([]byte(r.body), &doc))
	return doc
}

// TestDescriptionHasEveryRoute: what is routed is described, and the other way
// round.
func TestDescriptionHasEveryRoute(t *testing.T) {
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	var routed, described []string
	for _, found := range regexp.MustCompile(`"([A-Z]+) (/api/[^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		routed = append(routed, found[1]+" "+found[2])
	}
	for path, methods := range newSite(t, nil).description()["paths"].(node) {
		for method := range methods.(node) {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(routed)
	slices.Sort(described)
	if len(routed) < 5 || !slices.Equal(routed, described) {
		t.Errorf("routed:    %q\ndescribed: %q", routed, described)
	}
}

// TestDescriptionIsTrue sends the examples of the description, and nonsense, and
// holds the answers to their schemas.
func TestDescriptionIsTrue(t *testing.T) {
	s := newSite(t, nil)
	doc := s.description()
	paths := doc["paths"].(node)
	example := func(path, method string) string {
		content := paths[path].(node)[method].(node)["requestBody"].(node)["content"].(node)["application/json"].(node)
		if wrong := conform(doc, content["schema"].(node), content["example"], "example"); wrong != "" {
			t.Errorf("%s %s: %s", method, path, wrong)
		}
		text, err := json.Marshal(content["example"])
		s.must(err)
		return string(text)
	}
	const stories, readers = "/api/v1/articles", "/api/v1/subscribers/{external_id}"
	for _, tt := range []struct {
		path, method, key, body string
		status                  int
	}{
		{stories, "post", apiKey, example(stories, "post"), 200},
		{stories, "post", apiKey, `{}`, 422},
		{stories, "post", crmKey, `{}`, 403},
		{readers, "get", crmKey, "", 404},
		{readers, "put", crmKey, example(readers, "put"), 200},
		{readers, "put", crmKey, `{"address": 4}`, 422},
		{readers, "put", crmKey, `[]`, 400},
		{readers, "get", crmKey, "", 200},
		{readers, "delete", crmKey, "", 204},
		{readers, "put", crmKey, example(readers, "put"), 409}, // agreed before that
		{readers, "delete", "wrong", "", 401},
	} {
		path := strings.Replace(tt.path, "{external_id}", "p-1", 1)
		r := s.ask(strings.ToUpper(tt.method), path, tt.body, "Authorization", "Bearer "+tt.key, "Content-Type", "application/json")
		name := fmt.Sprintf("%s %s -> %d", tt.method, tt.path, r.StatusCode)
		if r.StatusCode != tt.status {
			t.Errorf("%s, want %d: %s", name, tt.status, r.body)
			continue
		}
		answer, ok := paths[tt.path].(node)[tt.method].(node)["responses"].(node)[fmt.Sprint(r.StatusCode)].(node)
		if !ok {
			t.Errorf("%s is not described", name)
			continue
		}
		if ref, ok := answer["$ref"].(string); ok {
			answer = resolve(doc, ref)
		}
		content, ok := answer["content"].(node)
		if !ok {
			if r.body != "" {
				t.Errorf("%s has a body: %s", name, r.body)
			}
			continue
		}
		var value any
		s.must(json.Unmarshal([]byte(r.body), &value))
		if wrong := conform(doc, content["application/json"].(node)["schema"].(node), value, "answer"); wrong != "" {
			t.Errorf("%s: %s in %s", name, wrong, r.body)
		}
	}
}

// TestDescriptionOfSignUpIsTrue does the same for what needs no key.
func TestDescriptionOfSignUpIsTrue(t *testing.T) {
	s := newSite(t, nil)
	doc := s.description()
	methods := doc["paths"].(node)[signUpAPI].(node)
	example := methods["post"].(node)["requestBody"].(node)["content"].(node)["application/json"].(node)["example"].(node)
	delete(example, "form") // is made anew
	origin := []string{"Origin", partner}
	for name, tt := range map[string]struct {
		method string
		got    reply
		status int
	}{
		"what is offered": {"get", s.ask("GET", signUpAPI, "", origin...), 200},
		"the example":     {"post", s.postSignUp(s.signUpBody(example), origin...), 202},
		"a mistake":       {"post", s.postSignUp(s.signUpBody(node{"address": ""})), 422},
		"nonsense":        {"post", s.postSignUp(`[]`), 400},
		"another page":    {"post", s.postSignUp(s.signUpBody(nil), crossSite(stranger)...), 403},
		"a preflight":     {"options", s.ask("OPTIONS", signUpAPI, "", origin...), 204},
	} {
		if tt.got.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d: %s", name, tt.got.StatusCode, tt.status, tt.got.body)
			continue
		}
		answer, ok := methods[tt.method].(node)["responses"].(node)[fmt.Sprint(tt.status)].(node)
		if !ok {
			t.Errorf("%s: %d is not described", name, tt.status)
			continue
		}
		if ref, ok := answer["$ref"].(string); ok {
			answer = resolve(doc, ref)
		}
		content, ok := answer["content"].(node)
		if !ok {
			continue
		}
		var value any
		s.must(json.Unmarshal([]byte(tt.got.body), &value))
		if wrong := conform(doc, content["application/json"].(node)["schema"].(node), value, "answer"); wrong != "" {
			t.Errorf("%s: %s in %s", name, wrong, tt.got.body)
		}
	}
}

func resolve(doc node, ref string) node {
	at := doc
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at[part].(node)
	}
	return at
}

// conform says what is wrong with a value by a schema, as far as the
// description uses JSON Schema, "" if nothing.
func conform(doc, schema node, value any, where string) string {
	if ref, ok := schema["$ref"].(string); ok {
		return conform(doc, resolve(doc, ref), value, where)
	}
	if options, ok := schema["anyOf"].([]any); ok {
		var all []string
		for _, o := range options {
			wrong := conform(doc, o.(node), value, where)
			if wrong == "" {
				return ""
			}
			all = append(all, wrong)
		}
		return strings.Join(all, " and ")
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
		return fmt.Sprintf("%s is %v, not one of %v", where, value, enum)
	}
	switch v := value.(type) {
	case string:
		return wantType(schema, "string", where)
	case bool:
		return wantType(schema, "boolean", where)
	case float64:
		return wantType(schema, "integer", where)
	case []any:
		if wrong := wantType(schema, "array", where); wrong != "" {
			return wrong
		}
		for i, one := range v {
			if wrong := conform(doc, schema["items"].(node), one, fmt.Sprintf("%s[%d]", where, i)); wrong != "" {
				return wrong
			}
		}
		return ""
	case node:
		return conformObject(doc, schema, v, where)
	}
	return fmt.Sprintf("%s is %v", where, value)
}

func wantType(schema node, want, where string) string {
	if schema["type"] != want {
		return fmt.Sprintf("%s is of type %s, described as %v", where, want, schema["type"])
	}
	return ""
}

func conformObject(doc, schema, object node, where string) string {
	if wrong := wantType(schema, "object", where); wrong != "" {
		return wrong
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			return fmt.Sprintf("%s has no %s", where, name)
		}
	}
	properties, _ := schema["properties"].(node)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		of, ok := properties[name].(node)
		if !ok {
			if of, ok = schema["additionalProperties"].(node); !ok {
				if schema["additionalProperties"] == false {
					return fmt.Sprintf("%s has %s, which is not described", where, name)
				}
				continue
			}
		}
		if wrong := conform(doc, of, object[name], where+"."+name); wrong != "" {
			return wrong
		}
	}
	return ""
}
