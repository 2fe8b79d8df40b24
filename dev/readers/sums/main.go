// Command sums prints what a Parquet file adds up to, as the readers in Go that the
// project has read it: see check-rows, which says what is added up.
//
//	sums arrow15|parquet-go <file>
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math"
	"os"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	parquetgo "github.com/parquet-go/parquet-go"
)

func main() {
	log.SetFlags(0)
	readers := map[string]func(string) ([]*sum, error){"arrow15": byArrow, "parquet-go": byParquetGo}
	if len(os.Args) != 3 || readers[os.Args[1]] == nil {
		log.Fatal("usage: sums arrow15|parquet-go <file>")
	}
	sums, err := readers[os.Args[1]](os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	out := [][]any{}
	for _, s := range sums {
		if s.texts {
			out = append(out, []any{s.name, s.nulls, s.total, s.least, s.most})
		} else {
			out = append(out, []any{s.name, s.nulls, s.total, s.low, s.high})
		}
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		log.Fatal(err)
	}
}

// sum is of a column: its nulls, the sum of its values, the least and the greatest.
type sum struct {
	name                    string
	nulls, total, low, high int64
	any, texts              bool
	least, most             string
}

func (s *sum) number(v int64) {
	if !s.any || v < s.low {
		s.low = v
	}
	if !s.any || v > s.high {
		s.high = v
	}
	s.any = true
	s.total += v
}

func (s *sum) text(t string) {
	if !s.any || t < s.least {
		s.least = strings.Clone(t)
	}
	if t > s.most {
		s.most = strings.Clone(t)
	}
	s.any, s.texts = true, true
	s.total += int64(len(t))
}

func (s *sum) double(v float64) { s.number(int64(math.Round(v * 10000))) }

// byArrow reads whole row groups: asked for fewer rows than a page has, Arrow v15
// panics in columns of int64 in DELTA_BINARY_PACKED (its DecodeSpaced works on a copy
// of the decoder, and forgets what it had unpacked). Arrow v18 does not.
func byArrow(path string) ([]*sum, error) {
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1 << 16}, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	var sums []*sum
	var columns []int
	for i := range f.MetaData().Schema.NumColumns() {
		sums = append(sums, &sum{name: f.MetaData().Schema.Column(i).Name()})
		columns = append(columns, i)
	}
	for g := range f.NumRowGroups() {
		table, err := r.ReadRowGroups(context.Background(), columns, []int{g})
		if err != nil {
			return nil, err
		}
		for i, s := range sums {
			for _, chunk := range table.Column(i).Data().Chunks() {
				s.column(chunk)
			}
		}
		table.Release()
	}
	return sums, nil
}

func (s *sum) column(c arrow.Array) {
	for row := range c.Len() {
		if c.IsNull(row) {
			s.nulls++
			continue
		}
		switch c := c.(type) {
		case *array.Int32:
			s.number(int64(c.Value(row)))
		case *array.Int64:
			s.number(c.Value(row))
		case *array.Date32:
			s.number(int64(c.Value(row)))
		case *array.Decimal128:
			s.number(int64(c.Value(row).LowBits()))
		case *array.Float64:
			s.double(c.Value(row))
		case *array.String:
			s.text(c.Value(row))
		default:
			log.Fatal("no sum of ", c.DataType())
		}
	}
}

func byParquetGo(path string) ([]*sum, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return nil, err
	}
	f, err := parquetgo.OpenFile(in, st.Size())
	if err != nil {
		return nil, err
	}
	var sums []*sum
	for _, path := range f.Schema().Columns() {
		sums = append(sums, &sum{name: path[0]})
	}
	values := make([]parquetgo.Value, 1<<12)
	for _, g := range f.RowGroups() {
		for i, chunk := range g.ColumnChunks() {
			if err := addChunk(sums[i], chunk, values); err != nil {
				return nil, err
			}
		}
	}
	return sums, nil
}

func addChunk(s *sum, chunk parquetgo.ColumnChunk, values []parquetgo.Value) error {
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		from := page.Values()
		for err == nil {
			var n int
			n, err = from.ReadValues(values)
			for _, v := range values[:n] {
				switch {
				case v.IsNull():
					s.nulls++
				case v.Kind() == parquetgo.Int32:
					s.number(int64(v.Int32()))
				case v.Kind() == parquetgo.Int64:
					s.number(v.Int64())
				case v.Kind() == parquetgo.Double:
					s.double(v.Double())
				case v.Kind() == parquetgo.ByteArray:
					s.text(string(v.ByteArray()))
				default:
					log.Fatal("no sum of ", v.Kind())
				}
			}
		}
		parquetgo.Release(page)
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
}
