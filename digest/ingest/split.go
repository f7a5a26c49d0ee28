package ingest

import (
	"bytes"
	"slices"
)

// jsonSplitter cuts the bytes of a file into its elements by watching brackets
// and quotes, so that one broken element does not spoil the rest. It takes an
// array or objects one after the other, with or without commas.
type jsonSplitter struct {
	rows   rows
	begun  bool
	array  bool // the file is one array
	closed bool // and that has ended

	buf     []byte // the open element, at most maxRow+1 bytes of it
	line    int    // where it begins, from 1
	column  int    // and on that line, from 0
	open    []byte // its open brackets
	quoted  bool   // within a string
	escaped bool   // after a backslash within a string

	atLine   int // where the next byte stands
	atColumn int
	midLine  bool // something other than white space stands before it on its line
}

// take takes the next byte of the file. The error is that of rows.each.
func (s *jsonSplitter) take(c byte) error {
	if c == '\n' {
		err := s.endLine()
		s.atLine, s.atColumn, s.midLine = s.atLine+1, 0, false
		return err
	}
	var err error
	switch {
	case s.quoted:
		s.keep(c)
		s.quoted = c != '"' || s.escaped
		s.escaped = c == '\\' && !s.escaped
	case c == ' ' || c == '\t' || c == '\r':
		if len(s.buf) > 0 {
			s.keep(c)
		}
	default:
		err = s.mark(c)
		s.midLine = true
	}
	s.atColumn++
	return err
}

// endLine ends a string, which cannot go over a line's end, and whatever
// stands outside of brackets.
func (s *jsonSplitter) endLine() error {
	s.quoted, s.escaped = false, false
	if len(s.open) == 0 {
		return s.flush()
	}
	s.keep('\n')
	return nil
}

// mark takes a byte outside of strings and white space.
func (s *jsonSplitter) mark(c byte) error {
	if !s.begun {
		s.begun = true
		if s.array = c == '['; s.array {
			return nil
		}
	}
	if len(s.open) == 0 && !s.closed {
		switch {
		case c == ',':
			return s.flush()
		case c == ']' && s.array:
			s.closed = true
			return s.flush()
		}
	}
	if s.startsAnew(c) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.keep(c)
	switch c {
	case '"':
		s.quoted = true
	case '{', '[':
		s.open = append(s.open, c)
	case '}', ']':
		return s.close(c)
	}
	return nil
}

// startsAnew says whether a bracket begins the next element, though the last
// one may not be closed: an object that begins a line further left than, or
// below, the open one cannot be part of it.
func (s *jsonSplitter) startsAnew(c byte) bool {
	if len(s.open) == 0 {
		return c == '{' || c == '['
	}
	return c == '{' && !s.midLine && s.atColumn <= s.column
}

// close closes the innermost bracket of the kind, with all that is left open
// within it.
func (s *jsonSplitter) close(c byte) error {
	partner := byte('{')
	if c == ']' {
		partner = '['
	}
	at := bytes.LastIndexByte(s.open, partner)
	switch {
	case at > 0:
		s.open = s.open[:at]
		return nil
	case at < 0 && len(s.open) > 0 && !(c == ']' && s.array):
		return nil
	case at < 0 && c == ']' && s.array && !s.closed:
		s.closed = true
	}
	return s.flush()
}

func (s *jsonSplitter) keep(c byte) {
	if len(s.buf) == 0 {
		s.line, s.column = s.atLine, s.atColumn
	}
	if len(s.buf) <= maxRow {
		s.buf = append(s.buf, c)
	}
}

// flush ends the open element, if there is one, and delivers it.
func (s *jsonSplitter) flush() error {
	element := s.buf
	s.buf, s.open, s.quoted, s.escaped = s.buf[:0], s.open[:0], false, false
	if len(element) == 0 {
		return nil
	}
	if len(element) > maxRow {
		s.rows.reject(s.line, "longer than %d bytes, which no article is", maxRow)
		return nil
	}
	if s.closed && !slices.Contains(element, '{') {
		s.rows.reject(s.line, "text after the end of the array: %q", shorten(string(element), 40))
		return nil
	}
	in, err := decodeArticle(element)
	return s.rows.deliver(s.line, in, err)
}

// finish ends the file.
func (s *jsonSplitter) finish() error {
	cut := s.array && !s.closed
	if err := s.flush(); err != nil {
		return err
	}
	if cut {
		s.rows.reject(s.atLine, "the file ends before its array does, it may be cut off")
	}
	return nil
}
