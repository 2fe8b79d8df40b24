package format

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// What XML and JSON share: a file is a tree in which records repeat. The serial
// part (tree_chunks.go) follows the tree from the root, takes the values that go
// with every record, and finds where records begin and end; a record is taken
// apart by whichever worker decodes its chunk (tree_decode.go).

const (
	// treeChunkSize is how many bytes one chunk has, but for those that hold a
	// longer record and the last. It decides how rows are cut into batches and is
	// part of the format version.
	treeChunkSize = 1 << 20
	// treeRecordBound is the longest record accepted.
	treeRecordBound = 16 << 20
	// treeDepth is how many elements, objects and arrays may stand in one another.
	treeDepth = 256
	// treeWeight bounds what the records of a chunk become, where they are short and
	// many or take long values from around them; treeExploded what one record does
	// that makes a row for each of its elements.
	treeWeight   = 32 << 20
	treeExploded = 128 << 20
	// treeOuterBound is the longest value from outside the records: it is kept for
	// each record anew where it changes.
	treeOuterBound = 64 << 10
)

// treeTake is how a column takes the values it meets in a record.
type treeTake uint8

const (
	takeOne  treeTake = iota // a second one rejects the record
	takeList                 // all, as a list
	takeJoin                 // all, as one text
)

// treeColumn is a column that is found by a path.
type treeColumn struct {
	cellColumn
	take treeTake
	join string
}

// treeColumns gives every field its declared type, or text.
func treeColumns(o cellOptions, fields []pipelines.NamedText) ([]treeColumn, error) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	for _, decl := range o.Columns {
		if !slices.Contains(names, decl.Name) {
			return nil, pipelines.At("columns", messages.TreeNoColumn.With("option", "columns", "column", decl.Name, "hint", pipelines.Hint(decl.Name, names)))
		}
	}
	cells, err := o.columnsOf(Input{}, names)
	if err != nil {
		return nil, err
	}
	cols := make([]treeColumn, len(cells))
	for i, c := range cells {
		cols[i].cellColumn = c
		if c.Type.ID() == arrow.LIST {
			cols[i].take = takeList
		}
	}
	return cols, nil
}

func cellColumnsOf(cols []treeColumn) []cellColumn {
	cells := make([]cellColumn, len(cols))
	for i, c := range cols {
		cells[i] = c.cellColumn
	}
	return cells
}

// badTree refuses an argument, at its place.
func badTree(option, why string) error {
	return pipelines.At(option, messages.TreeOption.With("option", option, "why", why))
}

func badPath(option, path, why, example string) error {
	return pipelines.At(option, messages.TreePath.With("option", option, "path", fmt.Sprintf("%q", path), "why", why, "example", example))
}
