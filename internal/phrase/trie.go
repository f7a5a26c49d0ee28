package phrase

import (
	"cmp"
	"slices"
)

// trie is an automaton of Aho and Corasick over the ids of words. State 0 is
// its root.
type trie struct {
	root  []uint32 // the states after the first word, by its id
	nodes []node
	edges []edge
}

type node struct {
	first, last uint32  // its edges
	fail        uint32  // the state of the longest end of its words that some phrase begins with
	report      uint32  // the next state along fail where a phrase ends, 0 if none
	depth       uint32  // words
	phrases     []int32 // that end here
}

type edge struct{ word, to uint32 }

// step returns the state after one more word.
func (t *trie) step(state, word uint32) uint32 {
	if word == 0 {
		return 0
	}
	for state != 0 {
		n := &t.nodes[state]
		if to := child(t.edges[n.first:n.last], word); to != 0 {
			return to
		}
		state = n.fail
	}
	return t.root[word]
}

// child returns where the edge of a word leads to, 0 if there is none.
func child(edges []edge, word uint32) uint32 {
	for len(edges) > 8 {
		if half := len(edges) / 2; edges[half].word <= word {
			edges = edges[half:]
		} else {
			edges = edges[:half]
		}
	}
	for _, e := range edges {
		if e.word == word {
			return e.to
		}
	}
	return 0
}

// first returns the state of the longest phrase that ends at a state, 0 if none
// does.
func (t *trie) first(state uint32) uint32 {
	if len(t.nodes[state].phrases) > 0 {
		return state
	}
	return t.nodes[state].report
}

// builder collects phrases for a trie.
type builder struct {
	children []map[uint32]uint32 // of each state
	phrases  [][]int32
}

func newBuilder() builder {
	return builder{children: []map[uint32]uint32{nil}, phrases: [][]int32{nil}}
}

// add adds the words of a phrase; without any it changes nothing.
func (b *builder) add(words []uint32, phrase int) {
	state := uint32(0)
	for _, word := range words {
		next, ok := b.children[state][word]
		if !ok {
			next = uint32(len(b.children))
			if b.children[state] == nil {
				b.children[state] = map[uint32]uint32{}
			}
			b.children[state][word] = next
			b.children, b.phrases = append(b.children, nil), append(b.phrases, nil)
		}
		state = next
	}
	if state != 0 {
		b.phrases[state] = append(b.phrases[state], int32(phrase))
	}
}

// build makes the trie of a vocabulary whose ids are below words.
func (b *builder) build(words int) *trie {
	t := &trie{root: make([]uint32, words), nodes: make([]node, len(b.children))}
	for state, phrases := range b.phrases {
		t.nodes[state].phrases = phrases
	}
	queue := []uint32{0}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		n := &t.nodes[state]
		n.first = uint32(len(t.edges))
		for word, to := range b.children[state] {
			t.edges = append(t.edges, edge{word, to})
		}
		n.last = uint32(len(t.edges))
		edges := t.edges[n.first:n.last]
		slices.SortFunc(edges, func(x, y edge) int { return cmp.Compare(x.word, y.word) })
		for _, e := range edges {
			t.link(state, e)
			queue = append(queue, e.to)
		}
	}
	return t
}

// link sets what a state is that an edge leads to. Those nearer to the root are
// done.
func (t *trie) link(from uint32, e edge) {
	n := &t.nodes[e.to]
	n.depth = t.nodes[from].depth + 1
	if from == 0 {
		t.root[e.word] = e.to
		return
	}
	n.fail = t.step(t.nodes[from].fail, e.word)
	n.report = t.first(n.fail)
}
