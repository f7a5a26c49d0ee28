package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"broadsheet/subscribers"
)

// apiFields reads the fields of an object one by one, so that all mistakes in it
// are told at once, each by the name of its field.
type apiFields struct {
	within string // the name of the object and a dot, "" for the body
	raw    map[string]json.RawMessage
	known  []string
	wrong  []apiError
}

// read reads a field into a pointer, if it is there. kind is what it has to be.
func (f *apiFields) read(name, kind string, to any) {
	f.known = append(f.known, name)
	if raw, ok := f.raw[name]; ok && json.Unmarshal(raw, to) != nil {
		f.refuse(name, "it is not "+kind)
	}
}

// object reads the fields of an object within. It returns false if there is none.
func (f *apiFields) object(name, kind string, read func(in *apiFields)) bool {
	in := &apiFields{within: f.within + name + "."}
	if f.read(name, kind, &in.raw); in.raw == nil {
		return false
	}
	read(in)
	f.wrong = append(f.wrong, in.all()...)
	return true
}

func (f *apiFields) refuse(name, text string) {
	f.wrong = append(f.wrong, apiError{status: http.StatusUnprocessableEntity, Field: f.within + name, Error: text})
}

// all is what is wrong, with the fields that nothing reads.
func (f *apiFields) all() []apiError {
	for _, name := range slices.Sorted(maps.Keys(f.raw)) {
		if !slices.Contains(f.known, name) {
			f.refuse(name, "there is no such field"+subscribers.DidYouMean(name, f.known))
		}
	}
	return f.wrong
}
