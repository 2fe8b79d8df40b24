package privacy

import (
	"cmp"
	"context"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// numberedRecord is r with some of its texts numbered.
func numberedRecord(r arrow.Record, which func(column int) bool) arrow.Record {
	var fields []arrow.Field
	var columns []arrow.Array
	for i, f := range r.Schema().Fields() {
		a := r.Column(i)
		if texts, ok := a.(*array.String); ok && which(i) {
			t := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String}
			b := array.NewDictionaryBuilder(memory.DefaultAllocator, t).(*array.BinaryDictionaryBuilder)
			for n := range texts.Len() {
				if texts.IsNull(n) {
					b.AppendNull()
				} else if err := b.AppendString(texts.Value(n)); err != nil {
					panic(err)
				}
			}
			f.Type, a = t, b.NewArray()
		}
		fields, columns = append(fields, f), append(columns, a)
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, r.NumRows())
}

// recountedBy is the verdict of recount where so many read the file at once, and it
// numbers some of its texts.
func recountedBy(p policy, d *seen, f *judgedFile, readers int, number func(column int) bool) error {
	return recountedMixed(p, d, f, readers, func(_, column int) bool { return number(column) })
}

// recountedMixed is recountedBy where each batch numbers texts of its own choice.
func recountedMixed(p policy, d *seen, f *judgedFile, readers int, number func(batch, column int) bool) (err error) {
	in, err := f.Open(context.Background())
	if err != nil {
		return err
	}
	defer in.Close()
	var batches []arrow.Record
	if err := pipelines.Each(context.Background(), in, func(b pipelines.Batch) error {
		batches = append(batches, b.Record)
		return nil
	}); err != nil {
		return err
	}
	c, err := p.recount(in.Schema(), d, f.Info().Name)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, c.close()) }()
	c.readBy(readers)
	todo := make(chan arrow.Record, len(batches))
	for n, r := range batches {
		todo <- numberedRecord(r, func(column int) bool { return number(n, column) })
	}
	close(todo)
	var all sync.WaitGroup
	for by := range readers {
		all.Go(func() {
			for r := range todo {
				c.count(by, r)
			}
		})
	}
	all.Wait()
	for _, r := range batches {
		if err := c.passed(r); err != nil {
			return err
		}
	}
	return c.proven(context.Background(), f)
}

// Whoever reads which rows, and whether the file numbers its texts, the gate says what
// maps of the rows say, which it also says of rows that come one after the other.
func TestReadersJudgeAsMapsDo(t *testing.T) {
	said := draws.Of("kept", messages.GateLevel.Code, messages.GatePersons.Code)
	draws.Check(t, said, func(r *rapid.T) {
		p, d, f := judgedCase(r)
		want := judgedByMaps(p, d, f)
		if e := messages.Find(want); e != nil {
			said.Meet(e.Code)
		} else {
			said.Meet("kept")
		}
		number := rapid.SliceOfN(rapid.Uint64(), len(f.schema.Fields()), -1).Draw(r, "numbered") // a bit of each batch
		for _, bound := range []int64{0, 1 << 20, 1 << 16, 6000} {
			p.env.Memory, p.env.Workers = bound, rapid.IntRange(1, 4).Draw(r, "workers")
			p.env.Spool = pipelines.NewSpool(t.TempDir(), memory.DefaultAllocator, 0)
			got := recountedMixed(p, d, f, p.env.Workers, func(batch, column int) bool { return number[column]>>(batch%64)&1 != 0 })
			if bound > 0 && bound < 1<<20 && messages.Has(got, messages.TooManyClasses) {
				continue
			}
			if (got == nil) != (want == nil) || got != nil && got.Error() != want.Error() {
				r.Fatalf("in %d bytes the gate says %v, want %v", bound, got, want)
			}
		}
	})
}

// Many rows by many readers, of which most are on disk.
func TestReadersFindOneOfMany(t *testing.T) {
	const k = 5
	for _, ordered := range []bool{true, false} {
		p, d, f := crowdFile(10*1000, 2, 2000, k, ordered)
		f.cuts = nil
		for at := 1000; at <= len(f.rows); at += 1000 {
			f.cuts = append(f.cuts, at)
		}
		alone := *f
		alone.rows = append([][]string(nil), f.rows...)
		at := len(f.rows) / 2
		alone.rows[at] = append(append([]string(nil), f.rows[0][:4]...), f.rows[at][4])
		for _, bound := range []int64{0, 2 << 20, 200_000} {
			p.env.Memory, p.env.Workers, p.env.Spool = bound, 3, pipelines.NewSpool(t.TempDir(), memory.DefaultAllocator, 0)
			for _, numbered := range []bool{true, false} {
				if err := recountedBy(p, d, f, 3, func(int) bool { return numbered }); err != nil {
					t.Errorf("in %d bytes: %v", bound, err)
				}
				if err := recountedBy(p, d, &alone, 3, func(int) bool { return numbered }); !messages.Has(err, messages.GatePersons) {
					t.Errorf("in %d bytes: one who is alone: %v", bound, err)
				}
			}
		}
	}
}

// Whether those who decided thought that nobody has two rows changes no verdict.
func TestWhoIsThoughtToBeAloneChangesNothing(t *testing.T) {
	alone, several := 0, 0
	draws.Check(t, draws.Kinds{"persons with one row": &alone, "others": &several}, func(r *rapid.T) {
		p, d, f := judgedCase(r)
		if p.Subject == "" {
			return
		}
		d.alone = true
		want := judgedByMaps(p, d, f)
		p.env.Memory, p.env.Workers = rapid.SampledFrom([]int64{0, 1 << 20, 1 << 14}).Draw(r, "bound"), rapid.IntRange(1, 4).Draw(r, "workers")
		p.env.Spool = pipelines.NewSpool(t.TempDir(), memory.DefaultAllocator, 0)
		f.opened = 0
		number := rapid.Uint64().Draw(r, "numbered") // a bit of each batch
		got := recountedMixed(p, d, f, p.env.Workers, func(batch, _ int) bool { return number>>(batch%64)&1 != 0 })
		if p.env.Memory == 1<<14 && messages.Has(got, messages.TooManyClasses) {
			return
		}
		if (got == nil) != (want == nil) || got != nil && got.Error() != want.Error() {
			r.Fatalf("in %d bytes the gate says %v, want %v", p.env.Memory, got, want)
		}
		if f.opened > 1 {
			several++
		} else if got == nil {
			alone++
		}
	})
}

// Of many persons with one row each, two rows of one are found.
func TestTwoRowsOfOneAreFound(t *testing.T) {
	p, d, f := crowdFile(50_000, 1, 2000, 5, true)
	d.alone, f.cuts = true, []int{25_500, len(f.rows)}
	twice := *f
	twice.rows = append([][]string(nil), f.rows...)
	at := len(f.rows) / 2
	twice.rows[at] = append(append([]string(nil), f.rows[at][:4]...), f.rows[at+1000][4])
	for _, bound := range []int64{0, 4 << 20, 300_000} {
		p.env.Memory, p.env.Workers, p.env.Spool = bound, 2, pipelines.NewSpool(t.TempDir(), memory.DefaultAllocator, 0)
		f.opened = 0
		if err := recountedBy(p, d, f, 2, func(int) bool { return true }); err != nil || f.opened != 1 {
			t.Errorf("in %d bytes: %v, read %d times", bound, err, f.opened)
		}
		for _, number := range []func(batch, column int) bool{
			func(int, int) bool { return true },
			func(batch, _ int) bool { return batch%2 == 0 }, // as a file whose row groups number texts or not
		} {
			if err := recountedMixed(p, d, &twice, 2, number); !messages.Has(err, messages.GatePersons) {
				t.Errorf("in %d bytes: one who has two: %v", bound, err)
			}
		}
	}
}

// Texts of a column are pseudonyms where each is.
func TestPseudonymsOfAColumn(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		want := true
		for range rapid.IntRange(0, 20).Draw(r, "rows") {
			if rapid.IntRange(0, 30).Draw(r, "null") == 0 {
				b.AppendNull()
				continue
			}
			text := []byte("A2Z7MNOPQRSTUVWXYZ23456BCD")
			switch at := rapid.IntRange(0, 200).Draw(r, "other"); {
			case at < len(text):
				text[at] = rapid.Byte().Draw(r, "byte")
			case at == len(text):
				text = text[:rapid.IntRange(0, 26).Draw(r, "length")]
			case at == len(text)+1:
				text = append(text, "ABCDEFGH"[:rapid.IntRange(0, 8).Draw(r, "more")]...)
			}
			want = want && pseudonymous(string(text))
			b.Append(string(text))
		}
		a := b.NewStringArray()
		if got := pseudonyms(array.NewSlice(a, 0, int64(a.Len()))); got != want {
			r.Fatalf("%s: %v", a, got)
		}
		if a.Len() > 1 && want && !pseudonyms(array.NewSlice(a, 1, int64(a.Len()))) {
			r.Fatalf("a part of %s", a)
		}
	})
}

// Words that are alike are found wherever they are, and only those.
func TestRepeats(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		g := &grouping{}
		met, want := map[uint64]bool{}, false
		wide := rapid.SampledFrom([]int{8, 20, 64}).Draw(r, "bits")
		for range rapid.IntRange(0, 200).Draw(r, "pairs") {
			var p pair
			for half := range p {
				p[half] = rapid.Uint64().Draw(r, "word") >> (64 - wide)
				want = want || met[p[half]]
				met[p[half]] = true
			}
			g.pairs = append(g.pairs, p)
		}
		if got := g.repeats(); got != want {
			r.Fatalf("%v: %v", g.pairs, got)
		}
	})
}

// Texts get the number that they had first, however many of the same follow.
func TestTextsAreNumberedAsTheyCome(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var texts []string
		for range rapid.IntRange(1, 12).Draw(r, "runs") {
			text := rapid.SampledFrom([]string{"", "a", "aa", "b", "a text that is longer than fifteen", nothing}).Draw(r, "text")
			for range rapid.SampledFrom([]int{1, 2, 31, 32, 33, 34, 65, 100, 200}).Draw(r, "rows") {
				texts = append(texts, text)
			}
		}
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, text := range texts {
			if text == nothing {
				b.AppendNull()
			} else {
				b.Append(text)
			}
		}
		a := b.NewStringArray()
		v := newValues(true)
		for from := 0; from < len(texts); {
			to := from + rapid.IntRange(1, len(texts)-from).Draw(r, "block")
			codes := v.batch(a, from, to)
			if len(codes) != to-from {
				r.Fatalf("%d numbers of %d", len(codes), to-from)
			}
			for i, code := range codes {
				want := "=" + texts[from+i]
				if texts[from+i] == nothing {
					want = ""
				}
				if v.texts[code] != want {
					r.Fatalf("text %d is %q, not %q", from+i, v.texts[code], want)
				}
			}
			from = to
		}
	})
}

// Rows that no reader looked at are no rows that keep the model: the file is refused.
func TestRowsThatNobodyLookedAtAreRefused(t *testing.T) {
	p, d, f := crowdFile(1000, 1, 20, 5, true)
	p.env.Workers = 1
	for _, alone := range []bool{false, true} {
		d.alone = alone
		c, err := p.recount(f.schema, d, "agents.csv")
		if err != nil {
			t.Fatal(err)
		}
		r := f.record(0, len(f.rows))
		c.count(0, r.NewSlice(0, 900))
		if err := c.passed(r); err != nil {
			t.Fatal(err)
		}
		if err := c.proven(context.Background(), f); !messages.Has(err, messages.GateNoModel) {
			t.Errorf("alone %v: %v", alone, err)
		}
	}
}
