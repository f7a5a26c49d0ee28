package templates

import (
	"strings"
	"text/template/parse"
)

// mostCalls is how many templates the drawing of a mail may come to if each
// call is taken once: more is a trap.
const mostCalls = 10_000

// callCheck finds templates that call themselves, by whatever way, and calls
// that multiply.
type callCheck struct {
	*typeCheck
	weight map[string]int // how many calls each template comes to
	within map[string]bool
}

// checkCalls notes circles of calls from a template on. It reports whether
// there are none.
func (c *typeCheck) checkCalls(name string) bool {
	check := &callCheck{typeCheck: c, weight: map[string]int{}, within: map[string]bool{}}
	before := len(c.faults)
	check.visit(name)
	return len(c.faults) == before
}

func (c *callCheck) visit(name string) int {
	if w, ok := c.weight[name]; ok {
		return w
	}
	c.within[name] = true
	weight := 1
	tree := c.trees[name]
	for _, call := range calls(tree) {
		if c.within[call.Name] {
			c.fault(&scope{tree: tree}, call, "the template %q uses itself in a circle", call.Name)
			continue
		}
		weight = min(weight+c.visit(call.Name), mostCalls+1)
		if weight > mostCalls {
			c.fault(&scope{tree: tree}, call, "the template %q comes to more than %d others", call.Name, mostCalls)
			break
		}
	}
	c.within[name] = false
	c.weight[name] = weight
	return weight
}

// calls are all uses of templates in a template.
func calls(tree *parse.Tree) []*parse.TemplateNode {
	var found []*parse.TemplateNode
	var walk func(l *parse.ListNode)
	walk = func(l *parse.ListNode) {
		if l == nil {
			return
		}
		for _, n := range l.Nodes {
			switch n := n.(type) {
			case *parse.TemplateNode:
				found = append(found, n)
			case *parse.IfNode:
				walk(n.List)
				walk(n.ElseList)
			case *parse.WithNode:
				walk(n.List)
				walk(n.ElseList)
			case *parse.RangeNode:
				walk(n.List)
				walk(n.ElseList)
			}
		}
	}
	if tree != nil {
		walk(tree.Root)
	}
	return found
}

// mostNested is how deep actions and elements of a template may stand within
// each other.
const mostNested = 200

// tooDeep reports whether blocks of actions are nested so deep that following
// them would take too long.
func tooDeep(text string) bool {
	depth := 0
	for {
		start := strings.Index(text, "{{")
		if start < 0 {
			return false
		}
		length := actionLength(text[start:])
		if length < 0 {
			return false
		}
		switch word, _ := actionWord(text[start : start+length]); word {
		case "if", "with", "range", "block", "define":
			depth++
		case "end":
			depth--
		}
		if depth > mostNested {
			return true
		}
		text = text[start+length:]
	}
}
