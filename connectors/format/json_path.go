package format

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// jsonStep is a step of a path: a key, an element by its index, or each element.
type jsonStep struct {
	key   string
	index int
	kind  jsonStepKind
}

type jsonStepKind uint8

const (
	stepKey jsonStepKind = iota
	stepIndex
	stepEach
)

// jsonNode is a value of a record that is known by its path.
type jsonNode struct {
	key    []byte
	keys   []*jsonNode
	index  int
	at     []*jsonNode // elements by their index
	each   *jsonNode
	cols   []int
	inside int  // the first column that is in it or is it
	whole  bool // where it stands is kept, whatever it is
}

// jsonOuter is a value around the records.
type jsonOuter struct {
	key     []byte
	keys    []*jsonOuter
	each    *jsonOuter
	records bool // it is the array of records, or the one record
	slots   []int
	resets  []int
}

// jsonPlan is what to look for.
type jsonPlan struct {
	columns  []treeColumn
	root     *jsonOuter
	record   *jsonNode
	exploded []int // columns that have a value for each element of one array
	slots    []treeSlot
	outerOf  [][]int
}

// jsonNoOuter stands for the record of a line, around which nothing is.
const jsonNoOuter = "\x00"

// parseJSONPath reads a path; why says what is wrong with it.
func parseJSONPath(text string) (steps []jsonStep, why string) {
	for first := true; len(text) > 0; first = false {
		switch c := text[0]; {
		case c == '[':
			stop := strings.IndexByte(text, ']')
			if stop < 0 {
				return nil, "a [ is not closed"
			}
			step := jsonStep{kind: stepEach}
			if stop > 1 {
				n, err := strconv.ParseUint(text[1:stop], 10, 31)
				if err != nil {
					return nil, "between [ and ] there is an index from 0 on, or nothing"
				}
				step = jsonStep{kind: stepIndex, index: int(n)}
			}
			steps, text = append(steps, step), text[stop+1:]
			continue
		case c == '.' && first:
			return nil, "a key is missing"
		case c == '.':
			text = text[1:]
		case !first:
			return nil, "between two keys there is a dot"
		}
		key := ""
		if strings.HasPrefix(text, "'") {
			rest := text[1:]
			for {
				stop := strings.IndexByte(rest, '\'')
				if stop < 0 {
					return nil, "a single quote is not closed"
				}
				key, rest = key+rest[:stop], rest[stop+1:]
				if !strings.HasPrefix(rest, "'") {
					break
				}
				key, rest = key+"'", rest[1:]
			}
			text = rest
		} else {
			stop := strings.IndexAny(text, ".[]'")
			if stop < 0 {
				stop = len(text)
			}
			if key, text = text[:stop], text[stop:]; key == "" {
				return nil, "a key is missing"
			}
		}
		steps = append(steps, jsonStep{key: key})
	}
	return steps, ""
}

// plan finds every column.
func (c jsonFields) plan(record string) (*jsonPlan, error) {
	fields := c.Fields
	if len(fields) == 0 {
		for _, col := range c.Columns {
			fields = append(fields, pipelines.NamedText{Name: col.Name, Text: "'" + strings.ReplaceAll(col.Name, "'", "''") + "'"})
		}
	}
	if len(fields) == 0 {
		return nil, pipelines.At("fields", messages.TreeOption.With("option", "fields", "why", "must name the columns, or columns must declare them"))
	}
	columns, err := treeColumns(c.cellOptions, fields)
	if err != nil {
		return nil, err
	}
	p := &jsonPlan{columns: columns, root: &jsonOuter{}, record: &jsonNode{}, outerOf: make([][]int, 1)}
	var around []jsonStep
	outer := record != jsonNoOuter
	if outer {
		var why string
		if around, why = parseJSONPath(record); why == "" && slices.ContainsFunc(around, func(s jsonStep) bool { return s.kind == stepIndex }) {
			why = "an index has no place in it"
		}
		if why != "" {
			return nil, badPath("record", record, why, `"marches.marche"`)
		}
		if n := len(around); n > 0 && around[n-1].kind == stepEach {
			around = around[:n-1]
		}
		p.root.descend(around).records = true
	}
	var explode []jsonStep
	for col, f := range fields {
		text, rooted := strings.CutPrefix(f.Text, "$.")
		steps, why := parseJSONPath(text)
		each := slices.IndexFunc(steps, func(s jsonStep) bool { return s.kind == stepEach })
		switch {
		case why != "":
		case len(steps) == 0:
			why = "it names no key"
		case rooted && !outer:
			why = "$ is for the document around records; a line has none"
		case rooted:
			why = p.outside(col, steps, around)
		case steps[0].kind != stepKey:
			why = "a record is an object: its values start with a key"
		case each < 0:
			why = p.record.want(steps, col)
		case slices.ContainsFunc(steps[each+1:], func(s jsonStep) bool { return s.kind == stepEach }):
			why = "[] stands in it twice"
		case explode != nil && !slices.Equal(explode, steps[:each+1]):
			why = "another column goes through another array with []"
		default:
			explode = steps[:each+1]
			p.exploded = append(p.exploded, col)
			why = p.record.want(steps, col)
		}
		if why != "" {
			return nil, badPath("fields", f.Text, why, `"acheteur.id" or "titulaires[].titulaire.id"`)
		}
	}
	p.outerOf[0] = filled(p.outerOf[0], len(p.slots), -1)[:len(p.slots)]
	return p, nil
}

// want asks for the value at the end of steps.
func (n *jsonNode) want(steps []jsonStep, col int) (why string) {
	for _, step := range steps {
		var next *jsonNode
		switch step.kind {
		case stepKey:
			if i := slices.IndexFunc(n.keys, func(k *jsonNode) bool { return string(k.key) == step.key }); i >= 0 {
				next = n.keys[i]
			} else {
				next = &jsonNode{key: []byte(step.key), inside: col}
				n.keys = append(n.keys, next)
			}
		case stepIndex:
			if i := slices.IndexFunc(n.at, func(k *jsonNode) bool { return k.index == step.index }); i >= 0 {
				next = n.at[i]
			} else {
				next = &jsonNode{index: step.index, inside: col}
				n.at = append(n.at, next)
			}
		default:
			if n.each == nil {
				n.each = &jsonNode{inside: col}
			}
			next = n.each
		}
		if n.each != nil && len(n.at) > 0 {
			return "one column takes an element of the array by its index, another all with []"
		}
		n = next
	}
	n.cols = append(n.cols, col)
	return ""
}

// takeWhole asks where the value of a key stands.
func (n *jsonNode) takeWhole(key string) {
	n.keys = append(n.keys, &jsonNode{key: []byte(key), whole: true})
}

// outside asks for a value around the records.
func (p *jsonPlan) outside(col int, steps, record []jsonStep) (why string) {
	shared := 0
	for shared < len(steps) && shared < len(record) && steps[shared] == record[shared] {
		shared++
	}
	switch {
	case slices.ContainsFunc(steps[shared:], func(s jsonStep) bool { return s.kind != stepKey }):
		return "after $ there are keys, and [] only where record has it too"
	case shared == len(steps) || shared == len(record) && len(record) < len(steps):
		return "it leads to the records or around them"
	case p.columns[col].take == takeList:
		return "a list is taken from within the record only"
	}
	node := p.root.descend(steps)
	slot := len(p.slots)
	node.slots = append(node.slots, slot)
	p.slots = append(p.slots, treeSlot{column: p.columns[col].Name, cell: cell{kind: cellAbsent}})
	p.outerOf[0] = filled(p.outerOf[0], slot, col)
	scope := p.root.descend(steps[:shared])
	scope.resets = append(scope.resets, slot)
	return ""
}

// descend is the value at the end of steps.
func (n *jsonOuter) descend(steps []jsonStep) *jsonOuter {
	for _, step := range steps {
		if step.kind == stepEach {
			if n.each == nil {
				n.each = &jsonOuter{}
			}
			n = n.each
			continue
		}
		i := slices.IndexFunc(n.keys, func(k *jsonOuter) bool { return string(k.key) == step.key })
		if i < 0 {
			i = len(n.keys)
			n.keys = append(n.keys, &jsonOuter{key: []byte(step.key)})
		}
		n = n.keys[i]
	}
	return n
}
