package templates

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"
)

// typeCheck follows the types of data through the templates of a mail, into
// all branches and all templates that they call, and notes what a field or
// function cannot give. A type is nil where it cannot be known.
type typeCheck struct {
	*source
	text  map[string]string      // the sources, by file
	trees map[string]*parse.Tree // by the name of the template
	funcs map[string]any
	seen  map[seenTemplate]bool
	calls map[string]bool // the functions that the mail comes to
}

type seenTemplate struct {
	name string
	dot  reflect.Type
}

func newTypeCheck[F ~map[string]any](s *source, funcs F) *typeCheck {
	return &typeCheck{source: s, text: map[string]string{}, trees: map[string]*parse.Tree{}, funcs: funcs, seen: map[seenTemplate]bool{}, calls: map[string]bool{}}
}

// add parses a file. Its templates take the place of those that have their
// names already.
func (c *typeCheck) add(file, text string) {
	if tooDeep(text) {
		c.faults.add(file, 0, "more than %d actions stand within each other", mostNested)
		return
	}
	c.text[file] = text
	maps.Copy(c.trees, c.source.trees(file, text, nil))
}

// run checks a mail whose template has data of a type. It gives the templates
// that the mail comes to.
func (c *typeCheck) run(name string, data reflect.Type) map[string]bool {
	reached := map[string]bool{}
	if c.trees[name] == nil || !c.checkCalls(name) {
		return reached
	}
	c.template(name, data)
	for seen := range c.seen {
		reached[seen.name] = true
	}
	return reached
}

// scope is what a place in a template knows.
type scope struct {
	tree *parse.Tree
	root reflect.Type // of $
	dot  reflect.Type
	vars []typedVariable // the innermost last
}

type typedVariable struct {
	name string
	t    reflect.Type
}

func (s *scope) with(dot reflect.Type) *scope {
	return &scope{tree: s.tree, root: s.root, dot: dot, vars: slices.Clip(s.vars)}
}

func (s *scope) declare(name string, t reflect.Type) {
	s.vars = append(s.vars, typedVariable{name, t})
}

func (s *scope) lookUp(name string) reflect.Type {
	for i := len(s.vars) - 1; i >= 0; i-- {
		if s.vars[i].name == name {
			return s.vars[i].t
		}
	}
	return nil
}

// template checks a template as it is called with data of a type.
func (c *typeCheck) template(name string, dot reflect.Type) {
	key := seenTemplate{name, dot}
	tree := c.trees[name]
	if tree == nil || tree.Root == nil || c.seen[key] {
		return
	}
	c.seen[key] = true
	s := &scope{tree: tree, root: dot, dot: dot}
	s.declare("$", dot)
	c.list(tree.Root, s)
}

// fault notes what is wrong at a node.
func (c *typeCheck) fault(s *scope, n parse.Node, format string, args ...any) {
	file := s.tree.ParseName
	text := c.text[file]
	line := 1 + strings.Count(text[:min(int(n.Position()), len(text))], "\n")
	c.faults.add(file, line, format, args...)
}

func (c *typeCheck) list(l *parse.ListNode, s *scope) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			c.pipe(n.Pipe, s)
		case *parse.IfNode:
			c.ifElse(&n.BranchNode, s)
		case *parse.WithNode:
			inside := s.with(s.dot)
			inside.dot = c.pipe(n.Pipe, inside)
			c.list(n.List, inside)
			c.list(n.ElseList, s.with(s.dot))
		case *parse.RangeNode:
			c.loop(n, s)
		case *parse.TemplateNode:
			c.call(n, s)
		}
	}
}

func (c *typeCheck) ifElse(b *parse.BranchNode, s *scope) {
	inside := s.with(s.dot)
	c.pipe(b.Pipe, inside)
	c.list(b.List, inside)
	c.list(b.ElseList, s.with(s.dot))
}

func (c *typeCheck) call(n *parse.TemplateNode, s *scope) {
	var dot reflect.Type
	if n.Pipe != nil {
		dot = c.pipe(n.Pipe, s)
	}
	if c.trees[n.Name] == nil {
		c.fault(s, n, "no such template: %q%s", n.Name, didYouMean("", sortedKeys(c.trees), n.Name))
		return
	}
	c.template(n.Name, dot)
}

// loop checks a range: its pipeline declares its variables anew for each turn.
func (c *typeCheck) loop(n *parse.RangeNode, s *scope) {
	inside := s.with(s.dot)
	key, elem := c.ranged(n, c.cmds(n.Pipe, inside), s)
	inside.dot = elem
	switch len(n.Pipe.Decl) {
	case 1:
		inside.declare(n.Pipe.Decl[0].Ident[0], elem)
	case 2:
		inside.declare(n.Pipe.Decl[0].Ident[0], key)
		inside.declare(n.Pipe.Decl[1].Ident[0], elem)
	}
	c.list(n.List, inside)
	c.list(n.ElseList, s.with(s.dot))
}

// ranged is what a range over a type gives.
func (c *typeCheck) ranged(n *parse.RangeNode, t reflect.Type, s *scope) (key, elem reflect.Type) {
	if t = pointedTo(t); t == nil {
		return nil, nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return reflect.TypeFor[int](), t.Elem()
	case reflect.Map:
		return t.Key(), t.Elem()
	case reflect.Interface:
		return nil, nil
	}
	c.fault(s, n, "%s: range is for lists, and this is %s", n.Pipe, typeInWords(t))
	return nil, nil
}

// pipe is the type of a pipeline; what it declares is added to the scope.
func (c *typeCheck) pipe(p *parse.PipeNode, s *scope) reflect.Type {
	t := c.cmds(p, s)
	for _, v := range p.Decl {
		s.declare(v.Ident[0], t)
	}
	return t
}

func (c *typeCheck) cmds(p *parse.PipeNode, s *scope) reflect.Type {
	var t reflect.Type
	for i, cmd := range p.Cmds {
		var final *typed
		if i > 0 {
			final = &typed{t}
		}
		t = c.command(cmd, final, s)
	}
	return t
}

// typed is the value that a pipeline hands on.
type typed struct{ t reflect.Type }

// command is the type of one command of a pipeline; final is the last
// argument, which the command before gives.
func (c *typeCheck) command(cmd *parse.CommandNode, final *typed, s *scope) reflect.Type {
	args := make([]typedArg, 0, len(cmd.Args))
	for _, a := range cmd.Args[1:] {
		args = append(args, typedArg{c.arg(a, s), a})
	}
	if final != nil {
		args = append(args, typedArg{final.t, cmd.Args[0]})
	}
	switch n := cmd.Args[0].(type) {
	case *parse.IdentifierNode:
		return c.function(n, args, s)
	case *parse.FieldNode:
		return c.chain(s.dot, "", n.Ident, n, args, s)
	case *parse.VariableNode:
		return c.chain(s.lookUp(n.Ident[0]), n.Ident[0], n.Ident[1:], n, args, s)
	case *parse.ChainNode:
		return c.chain(c.arg(n.Node, s), "("+n.Node.String()+")", n.Field, n, args, s)
	}
	if len(args) > 0 {
		c.fault(s, cmd.Args[0], "%s takes no arguments", cmd.Args[0])
	}
	return c.arg(cmd.Args[0], s)
}

type typedArg struct {
	t    reflect.Type
	node parse.Node
}

// arg is the type of an operand that stands alone.
func (c *typeCheck) arg(n parse.Node, s *scope) reflect.Type {
	switch n := n.(type) {
	case *parse.DotNode:
		return s.dot
	case *parse.FieldNode:
		return c.chain(s.dot, "", n.Ident, n, nil, s)
	case *parse.VariableNode:
		return c.chain(s.lookUp(n.Ident[0]), n.Ident[0], n.Ident[1:], n, nil, s)
	case *parse.ChainNode:
		return c.chain(c.arg(n.Node, s), "("+n.Node.String()+")", n.Field, n, nil, s)
	case *parse.PipeNode:
		return c.pipe(n, s)
	case *parse.IdentifierNode:
		return c.function(n, nil, s)
	case *parse.StringNode:
		return reflect.TypeFor[string]()
	case *parse.BoolNode:
		return reflect.TypeFor[bool]()
	case *parse.NumberNode:
		if n.IsInt {
			return reflect.TypeFor[int]()
		}
		return reflect.TypeFor[float64]()
	}
	return nil
}

// chain follows names from a type; args are for the last one if it is a method.
func (c *typeCheck) chain(t reflect.Type, path string, names []string, n parse.Node, args []typedArg, s *scope) reflect.Type {
	for i, name := range names {
		last := i == len(names)-1
		if t == nil {
			return nil
		}
		if method, ok := methodOf(t, name); ok {
			var given []typedArg
			if last {
				given = args
			}
			return c.afterMethod(method, path+"."+name, names[i+1:], n, given, s)
		}
		field, ok := c.field(t, path, name, n, s)
		if !ok {
			return nil
		}
		if last && len(args) > 0 {
			c.fault(s, n, "%s takes no arguments", path+"."+name)
		}
		t, path = field, path+"."+name
	}
	return t
}

func (c *typeCheck) afterMethod(m reflect.Type, path string, rest []string, n parse.Node, args []typedArg, s *scope) reflect.Type {
	c.arguments(path, m, args, n, s)
	return c.chain(m.Out(0), path, rest, n, nil, s)
}

// field is the type of a field, or of what a map holds.
func (c *typeCheck) field(t reflect.Type, path, name string, n parse.Node, s *scope) (reflect.Type, bool) {
	t = pointedTo(t)
	switch t.Kind() {
	case reflect.Struct:
		if f, ok := t.FieldByName(name); ok && f.IsExported() {
			return f.Type, true
		}
		c.fault(s, n, "%s.%s: no such field%s", path, name, c.nearest(t, name, s))
		return nil, false
	case reflect.Map:
		return t.Elem(), true
	case reflect.Interface:
		return nil, false
	}
	c.fault(s, n, "%s.%s: no such field: %s is %s", path, name, orDot(path), typeInWords(t))
	return nil, false
}

func orDot(path string) string {
	if path == "" {
		return "the dot"
	}
	return path
}

// nearest suggests a field: that of the whole mail if it has the very name.
func (c *typeCheck) nearest(t reflect.Type, name string, s *scope) string {
	if root := pointedTo(s.root); root != nil && root != t && slices.Contains(fieldNames(root), name) {
		return ", did you mean $." + name + "?"
	}
	return didYouMean(".", fieldNames(t), name)
}

// fieldNames are the fields and methods of a struct that templates may use.
func fieldNames(t reflect.Type) []string {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for f := range t.Fields() {
		if f.IsExported() {
			names = append(names, f.Name)
		}
	}
	for m := range reflect.PointerTo(t).Methods() {
		if m.Type.NumOut() > 0 {
			names = append(names, m.Name)
		}
	}
	return names
}

// methodOf is the type of a method without its receiver.
func methodOf(t reflect.Type, name string) (reflect.Type, bool) {
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		t = reflect.PointerTo(t)
	}
	m, ok := t.MethodByName(name)
	if !ok || m.Type.NumOut() == 0 {
		return nil, false
	}
	if t.Kind() == reflect.Interface {
		return m.Type, true
	}
	in := make([]reflect.Type, 0, m.Type.NumIn())
	for i := 1; i < m.Type.NumIn(); i++ {
		in = append(in, m.Type.In(i))
	}
	out := make([]reflect.Type, m.Type.NumOut())
	for i := range out {
		out[i] = m.Type.Out(i)
	}
	return reflect.FuncOf(in, out, m.Type.IsVariadic()), true
}

func pointedTo(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// typeInWords is what an editor calls a type.
func typeInWords(t reflect.Type) string {
	switch t = pointedTo(t); t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "yes or no"
	case reflect.Slice, reflect.Array, reflect.Map:
		return "a list"
	case reflect.Struct:
		return "a " + t.Name()
	}
	if isNumber(t) {
		return "a number"
	}
	return fmt.Sprintf("a %s", t)
}
