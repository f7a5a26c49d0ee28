package templates

import (
	"reflect"
	"slices"
)

// ThemeFields are the names that themes may use of each type, in order.
func ThemeFields() map[string][]string {
	out := map[string][]string{}
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || out[t.Name()] != nil || t == reflect.TypeFor[catalogue]() {
			return
		}
		out[t.Name()] = slices.DeleteFunc(fieldNames(t), func(name string) bool { return name == "WithLinks" }) // takes a function
		slices.Sort(out[t.Name()])
		for f := range t.Fields() {
			if f.IsExported() {
				add(f.Type)
			}
		}
	}
	add(dataOf(digestFile))
	add(dataOf(noticeFile))
	return out
}

// ThemeFuncs are the functions that themes may use beside those of Go.
func ThemeFuncs() []string {
	names := append(sortedKeys(themeFuncs((&htmlMail{}).funcs())), sortedKeys(textFuncs())...)
	slices.Sort(names)
	return slices.Compact(names)
}
