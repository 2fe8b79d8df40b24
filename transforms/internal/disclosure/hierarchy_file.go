package disclosure

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// File is a hierarchy read from a file.
type File struct{ t *tree }

func (f *File) tree(string, *Domain) (*tree, error) { return f.t, nil }

// ReadCSV reads a hierarchy as ARX writes it: a line for each leaf, the leaf and
// then its labels level by level, the last one as a rule *. The lines have as many
// fields each. column is for errors.
func ReadCSV(column string, in io.Reader, delimiter rune) (*File, error) {
	r := csv.NewReader(skipMark(in))
	r.Comma = delimiter
	r.ReuseRecord = false
	var leaves []string
	var above [][]string
	var lines []int
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if at := (*csv.ParseError)(nil); errors.As(err, &at) {
			why := "it is no text of fields"
			if errors.Is(err, csv.ErrFieldCount) {
				why = "it has not as many fields as the first line"
			}
			return nil, messages.HierarchyLine.With("column", column, "line", at.Line, "why", why)
		} else if err != nil {
			return nil, fmt.Errorf("read hierarchy: %w", err)
		}
		line, _ := r.FieldPos(0)
		for _, f := range record {
			if !utf8.ValidString(f) {
				return nil, messages.HierarchyLine.With("column", column, "line", line, "why", "it is not UTF-8")
			}
		}
		if above == nil {
			above = make([][]string, len(record)-1)
		}
		leaves, lines = append(leaves, record[0]), append(lines, line)
		for l, label := range record[1:] {
			above[l] = append(above[l], label)
		}
	}
	return newFile(column, leaves, above, lines)
}

func newFile(column string, leaves []string, above [][]string, lines []int) (*File, error) {
	if len(leaves) == 0 {
		return nil, messages.HierarchyEmpty.With("column", column)
	}
	t, err := newTree(column, leaves, above, func(i int) int { return lines[i] })
	if err != nil {
		return nil, err
	}
	return &File{t}, nil
}

func skipMark(in io.Reader) io.Reader {
	b := bufio.NewReader(in)
	if mark, _ := b.Peek(3); string(mark) == "\uFEFF" {
		_, _ = b.Discard(3)
	}
	return b
}

// ReadHRC reads a hierarchy as τ-ARGUS writes it: a line for each code, under its
// parent, with one @ more than it; the total is not written. Spaces around a code
// do not count. A code without children is a leaf. Where branches are not as deep
// as the deepest, a level leaves alone what is above it. The greatest level is *.
func ReadHRC(column string, in io.Reader) (*File, error) {
	type node struct {
		label         string
		depth, parent int // -1: under the total
		line          int
		inner         bool
	}
	var nodes []node
	var path []int // the nodes above the next line
	deepest := 0
	s := bufio.NewScanner(skipMark(in))
	bad := func(line int, why string) (*File, error) {
		return nil, messages.HierarchyLine.With("column", column, "line", line, "why", why)
	}
	line := 0
	for s.Scan() {
		line++
		text := strings.TrimSpace(s.Text())
		if text == "" {
			continue
		}
		label := strings.TrimLeft(text, "@")
		depth := len(text) - len(label)
		label = strings.TrimSpace(label)
		switch {
		case label == "":
			return bad(line, "it has no code")
		case !utf8.ValidString(label):
			return bad(line, "it is not UTF-8")
		case depth > len(path):
			return bad(line, "it is more than one @ deeper than the line before it")
		}
		n := node{label: label, depth: depth, parent: -1, line: line}
		path = path[:depth]
		if depth > 0 {
			n.parent = path[depth-1]
			nodes[n.parent].inner = true
		}
		path = append(path, len(nodes))
		nodes = append(nodes, n)
		deepest = max(deepest, depth)
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return bad(line+1, "it is too long")
	} else if s.Err() != nil {
		return nil, fmt.Errorf("read hierarchy: %w", s.Err())
	}
	seen := map[string]int{}
	for _, n := range nodes {
		if first, twice := seen[n.label]; twice {
			return nil, messages.HierarchyTwice.With("column", column, "line", n.line, "first", first)
		}
		seen[n.label] = n.line
	}
	var leaves []string
	var lines []int
	above := make([][]string, deepest+1)
	for i, n := range nodes {
		if n.inner {
			continue
		}
		leaves, lines = append(leaves, n.label), append(lines, n.line)
		at := i
		for level := 1; level <= deepest; level++ {
			if nodes[at].depth > deepest-level {
				at = nodes[at].parent
			}
			above[level-1] = append(above[level-1], nodes[at].label)
		}
		above[deepest] = append(above[deepest], Star)
	}
	return newFile(column, leaves, above, lines)
}

// Height is the greatest level.
func (f *File) Height() int { return len(f.t.up) }

// Labels appends what a leaf becomes at each level from 1; it appends nothing and
// says false when the file has no such leaf.
func (f *File) Labels(dst []string, leaf string) ([]string, bool) {
	i, ok := f.t.index[leaf]
	if !ok {
		return dst, false
	}
	for level, codes := range f.t.up {
		dst = append(dst, f.t.labels[level][codes[i]])
	}
	return dst, true
}

// Stars is the first level from which on every value is *; one above the greatest where
// there is none.
func (f *File) Stars() int { return f.t.stars() + 1 }

// Hides says whether the greatest level is * for all.
func (f *File) Hides() bool {
	n := len(f.t.labels)
	return n > 0 && len(f.t.labels[n-1]) == 1 && f.t.labels[n-1][0] == Star
}
