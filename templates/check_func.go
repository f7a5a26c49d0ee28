package templates

import (
	"maps"
	"reflect"
	"slices"
	"text/template/parse"
)

// builtins are the functions that all templates of Go know and themes may use,
// with the least and the most of their arguments; -1 is any number.
var builtins = map[string]struct{ least, most int }{
	"and": {1, -1}, "or": {1, -1}, "not": {1, 1},
	"eq": {2, -1}, "ne": {2, 2}, "lt": {2, 2}, "le": {2, 2}, "gt": {2, 2}, "ge": {2, 2},
	"len": {1, 1}, "index": {1, -1}, "slice": {1, 4},
	"print": {0, -1}, "println": {0, -1}, "printf": {1, -1},
	"html": {0, -1}, "js": {0, -1}, "urlquery": {0, -1},
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// function is the type that a function gives for its arguments.
func (c *typeCheck) function(n *parse.IdentifierNode, args []typedArg, s *scope) reflect.Type {
	c.calls[n.Ident] = true
	if f, ok := c.funcs[n.Ident]; ok {
		t := reflect.TypeOf(f)
		c.arguments(n.Ident, t, args, n, s)
		return t.Out(0)
	}
	b, ok := builtins[n.Ident]
	if !ok {
		c.fault(s, n, "no such function: %s%s", n.Ident, didYouMean("", append(sortedKeys(builtins), sortedKeys(c.funcs)...), n.Ident))
		return nil
	}
	if len(args) < b.least || b.most >= 0 && len(args) > b.most {
		c.fault(s, n, "%s has %d arguments: that is too few or too many", n.Ident, len(args))
		return nil
	}
	return c.builtin(n, args, s)
}

func (c *typeCheck) builtin(n *parse.IdentifierNode, args []typedArg, s *scope) reflect.Type {
	switch n.Ident {
	case "and", "or":
		return sameType(args)
	case "not":
		return reflect.TypeFor[bool]()
	case "eq", "ne", "lt", "le", "gt", "ge":
		c.comparison(n, args, s)
		return reflect.TypeFor[bool]()
	case "len":
		c.hasLength(n, args[0], s)
		return reflect.TypeFor[int]()
	case "index":
		return c.indexed(n, args, s)
	case "slice":
		return args[0].t
	}
	return reflect.TypeFor[string]()
}

func sameType(args []typedArg) reflect.Type {
	for _, a := range args {
		if a.t != args[0].t {
			return nil
		}
	}
	return args[0].t
}

// comparison checks that values can be compared.
func (c *typeCheck) comparison(n *parse.IdentifierNode, args []typedArg, s *scope) {
	for _, a := range args {
		if a.t == nil || args[0].t == nil {
			continue
		}
		if basicKind(a.t) != basicKind(args[0].t) {
			c.fault(s, n, "%s: %s is %s and %s is %s, which cannot be compared", n.Ident, args[0].node, typeInWords(args[0].t), a.node, typeInWords(a.t))
			return
		}
	}
}

func basicKind(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.String:
		return "text"
	case k == reflect.Bool:
		return "bool"
	case isNumber(t):
		return "number"
	default:
		return t.String()
	}
}

func isNumber(t reflect.Type) bool {
	return reflect.Int <= t.Kind() && t.Kind() <= reflect.Float64 && t.Kind() != reflect.Uintptr
}

func (c *typeCheck) hasLength(n parse.Node, arg typedArg, s *scope) {
	t := pointedTo(arg.t)
	if t == nil {
		return
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.String, reflect.Interface:
	default:
		c.fault(s, n, "len: %s is %s, which has no length", arg.node, typeInWords(t))
	}
}

// indexed is the type of what index takes out of a list.
func (c *typeCheck) indexed(n parse.Node, args []typedArg, s *scope) reflect.Type {
	t := args[0].t
	for range args[1:] {
		if t = pointedTo(t); t == nil {
			return nil
		}
		switch t.Kind() {
		case reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		case reflect.String:
			t = reflect.TypeFor[uint8]()
		case reflect.Interface:
			return nil
		default:
			c.fault(s, n, "index: %s is %s, which is no list", args[0].node, typeInWords(t))
			return nil
		}
	}
	return t
}

// arguments checks what a function or method is called with.
func (c *typeCheck) arguments(name string, f reflect.Type, args []typedArg, n parse.Node, s *scope) {
	want := f.NumIn()
	if len(args) != want && !(f.IsVariadic() && len(args) >= want-1) {
		c.fault(s, n, "%s takes %d arguments and has %d", name, want, len(args))
		return
	}
	for i, a := range args {
		var param reflect.Type
		if f.IsVariadic() && i >= want-1 {
			param = f.In(want - 1).Elem()
		} else {
			param = f.In(i)
		}
		if !takes(param, a.t) {
			c.fault(s, n, "%s: %s is %s, and %s is needed", name, a.node, typeInWords(a.t), typeInWords(param))
		}
	}
}

// takes reports whether a value of a type may be an argument, as templates
// decide it: they follow and take pointers by themselves.
func takes(param, t reflect.Type) bool {
	if t == nil || t.AssignableTo(param) {
		return true
	}
	if isNumber(t) && isNumber(param) {
		return true
	}
	return t.Kind() == reflect.Pointer && t.Elem().AssignableTo(param) || reflect.PointerTo(t).AssignableTo(param)
}
