package templates

import (
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
)

// checkFields walks a template and gives an error for the first field that
// data does not have, with the nearest one that it has.
func checkFields(root *parse.ListNode, data any) error {
	t := reflect.TypeOf(data)
	return (&fieldCheck{root: t}).list(root, t)
}

// fieldCheck knows the type of $; dot is handed down and nil where it cannot
// be known without running the template.
type fieldCheck struct{ root reflect.Type }

func (c *fieldCheck) list(l *parse.ListNode, dot reflect.Type) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := c.node(n, dot); err != nil {
			return err
		}
	}
	return nil
}

func (c *fieldCheck) node(n parse.Node, dot reflect.Type) error {
	switch n := n.(type) {
	case *parse.ActionNode:
		return c.pipe(n.Pipe, dot)
	case *parse.IfNode:
		return c.branch(&n.BranchNode, dot, dot)
	case *parse.WithNode:
		return c.branch(&n.BranchNode, dot, c.pipeType(n.Pipe, dot))
	case *parse.RangeNode:
		return c.branch(&n.BranchNode, dot, nil)
	case *parse.PipeNode:
		return c.pipe(n, dot)
	case *parse.FieldNode:
		_, err := lookUp(dot, "", n.Ident)
		return err
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			_, err := lookUp(c.root, "$", n.Ident[1:])
			return err
		}
	}
	return nil
}

func (c *fieldCheck) branch(b *parse.BranchNode, dot, inside reflect.Type) error {
	if err := c.pipe(b.Pipe, dot); err != nil {
		return err
	}
	if err := c.list(b.List, inside); err != nil {
		return err
	}
	return c.list(b.ElseList, dot)
}

func (c *fieldCheck) pipe(p *parse.PipeNode, dot reflect.Type) error {
	if p == nil {
		return nil
	}
	for _, cmd := range p.Cmds {
		for _, arg := range cmd.Args {
			if err := c.node(arg, dot); err != nil {
				return err
			}
		}
	}
	return nil
}

// pipeType is the type of a pipeline that is one plain field.
func (c *fieldCheck) pipeType(p *parse.PipeNode, dot reflect.Type) reflect.Type {
	if len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return nil
	}
	switch n := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		t, _ := lookUp(dot, "", n.Ident)
		return t
	case *parse.DotNode:
		return dot
	}
	return nil
}

// lookUp follows a chain of field names from t, which stands at the place
// that prefix names.
func lookUp(t reflect.Type, prefix string, names []string) (reflect.Type, error) {
	path := prefix
	for _, name := range names {
		if t == nil {
			return nil, nil
		}
		if t.Kind() != reflect.Struct {
			return nil, fmt.Errorf("unknown field %q: %q has no fields", path+"."+name, path)
		}
		field, ok := t.FieldByName(name)
		if !ok {
			return nil, fmt.Errorf("unknown field %q, did you mean %q?", path+"."+name, path+"."+nearestField(t, name))
		}
		t, path = field.Type, path+"."+name
	}
	return t, nil
}

func nearestField(t reflect.Type, name string) string {
	nearest, least := "", -1
	for f := range t.Fields() {
		if d := distance(strings.ToLower(f.Name), strings.ToLower(name)); least < 0 || d < least {
			nearest, least = f.Name, d
		}
	}
	return nearest
}

// didYouMean names the nearest of some names, to be put behind an error; mark
// is what stands before each. It is empty where there are none.
func didYouMean(mark string, names []string, name string) string {
	nearest, least := "", -1
	for _, n := range names {
		if d := distance(strings.ToLower(n), strings.ToLower(name)); least < 0 || d < least {
			nearest, least = n, d
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %s%s?", mark, nearest)
}

// distance is the least number of bytes to insert, delete or change that
// turns a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
