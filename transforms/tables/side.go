package tables

import (
	"context"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// match says how rows of the input find their row of another table.
type match struct {
	feed
	env    pipelines.Env
	on     []pair
	values []string // columns taken from the other table
}

// pair is a column of the input and the one of the other table it must equal.
type pair struct{ here, there string }

func (m match) there() []string {
	names := make([]string, len(m.on))
	for i, p := range m.on {
		names[i] = p.there
	}
	return names
}

// bind gives the indices of the input's key columns, and the fields of the
// other table: its keys, then the values taken.
func (m match) bind(in *arrow.Schema) (keys []int, theirs []arrow.Field, err error) {
	theirs, err = m.fields(append(m.there(), m.values...))
	if err != nil {
		return nil, nil, err
	}
	for i, p := range m.on {
		k, err := pipelines.ColumnIndex(in, p.here)
		if err != nil {
			return nil, nil, err
		}
		here, there := in.Field(k).Type, theirs[i].Type
		if !arrow.TypeEqual(here, there) {
			return nil, nil, messages.KeyTypes.With("source", m.name, "left", p.here, "right", p.there,
				"got", pipelines.TypeName(here), "wanted", pipelines.TypeName(there))
		}
		if !arrowx.Keyed(here) {
			return nil, nil, messages.ListColumn.With("column", p.here, "got", pipelines.TypeName(here), "what", "compared")
		}
		keys = append(keys, k)
	}
	return keys, theirs, nil
}

// side is the other table in memory: the values taken, and where each key is.
// A key with a null in it is left out, for null equals nothing.
type side struct {
	chunks  []arrow.Record
	rows    map[string]arrowx.Ref
	rejects []pipelines.Reject
}

// mapEntry is about what a map takes for an entry besides its bytes.
const mapEntry = 56

// load reads the other table. Two rows of one key are refused: each would
// double a row of the input.
func (m match) load(ctx context.Context, theirs []arrow.Field) (s *side, err error) {
	st, columns, err := m.open(ctx, theirs)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	s = &side{rows: map[string]arrowx.Ref{}}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	schema := arrow.NewSchema(theirs[len(m.on):], nil)
	var keys arrowx.Keys
	held, number := int64(0), int64(0)
	return s, pipelines.Each(ctx, st, func(b pipelines.Batch) error {
		defer b.Release()
		s.rejects = append(s.rejects, b.Rejects...)
		keys.Reset(b.Record, columns[:len(m.on)], nil)
		chunk := int32(len(s.chunks))
		for i := range keys.Len() {
			number++
			if keys.HasNull(i) {
				continue
			}
			if _, twice := s.rows[string(keys.At(i))]; twice {
				return m.duplicate(b.Places.At(i), number)
			}
			s.rows[string(keys.At(i))] = arrowx.Ref{Chunk: chunk, Row: int32(i)}
		}
		values := make([]arrow.Array, len(m.values))
		for i, c := range columns[len(m.on):] {
			values[i] = b.Column(c)
		}
		s.chunks = append(s.chunks, array.NewRecord(schema, values, b.NumRows()))
		held += arrowx.Bytes(s.chunks[chunk]) + keys.Bytes() + mapEntry*b.NumRows()
		if held > m.env.Memory {
			return messages.JoinTooLarge.With("source", m.name, "bound", pipelines.Size(m.env.Memory))
		}
		return nil
	})
}

func (m match) duplicate(at pipelines.Place, number int64) error {
	if at.Line > 0 {
		number = at.Line
	}
	return messages.DuplicateKey.With("source", m.name, "columns", strings.Join(m.there(), ", "), "row", number)
}

func (s *side) release() {
	for _, c := range s.chunks {
		c.Release()
	}
	s.chunks, s.rows = nil, nil
}

// find gives where the row of each key is; a negative row is none.
func (s *side) find(keys *arrowx.Keys) []arrowx.Ref {
	refs := make([]arrowx.Ref, keys.Len())
	for i := range refs {
		ref, ok := s.rows[string(keys.At(i))]
		if !ok || keys.HasNull(i) {
			ref = arrowx.Ref{Row: -1}
		}
		refs[i] = ref
	}
	return refs
}

// column is column c of all chunks.
func (s *side) column(c int) []arrow.Array {
	cols := make([]arrow.Array, len(s.chunks))
	for i, r := range s.chunks {
		cols[i] = r.Column(c)
	}
	return cols
}
