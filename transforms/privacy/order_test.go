package privacy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// motley has a column of every type that may be public, nulls in all of them, and values
// of which several sort alike.
var motley = arrow.NewSchema([]arrow.Field{
	{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "ne", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "ou", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "age", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "taux", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "montant", Type: &arrow.Decimal128Type{Precision: 38, Scale: 2}, Nullable: true},
	{Name: "mots", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
	{Name: "quand", Type: pipelines.Instant, Nullable: true},
	{Name: "mesure", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "octets", Type: arrow.BinaryTypes.Binary, Nullable: true},
	{Name: "oui", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "boite", Type: pipelines.BBox, Nullable: true},
	{Name: "libre", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

const motleyPolicy = `
	public  = ["montant", "mots", "quand", "mesure", "octets", "oui", "boite"]
	subject = "nom"
	identifier "nom" {
		action = "pseudonym"
		key    = secret.cle
		rotate = "per_release"
	}
	identifier "libre" {
		clear_when = row.oui
		otherwise  = "autre"
	}
	quasi "ne" {
		period    = "year"
		min_level = 1
	}
	quasi "ou" {}
	quasi "age" {}
	quasi "taux" {}
	sensitive "s" {
		diversity { l = 2 }
	}
	model {
		k                 = 2
		suppression_limit = 1
	}`

var odd = []float64{0, math.Copysign(0, -1), 1, math.Inf(1), math.NaN(), math.Float64frombits(math.Float64bits(math.NaN()) + 1)}

func appendMotley(b *array.RecordBuilder, r *rand.Rand) {
	for c, f := range b.Fields() {
		if r.IntN(20) == 0 {
			f.AppendNull()
			continue
		}
		switch f := f.(type) {
		case *array.StringBuilder:
			switch motley.Field(c).Name {
			case "nom":
				f.Append(fmt.Sprintf("P%d", r.Uint64()))
			case "ou":
				f.Append([]string{"", "2A004", "35000", "*"}[r.IntN(4)])
			default:
				f.Append([]string{"x", "y", "z"}[r.IntN(3)])
			}
		case *array.Date32Builder:
			f.Append(arrow.Date32(r.IntN(700)))
		case *array.Int32Builder:
			f.Append(int32(r.IntN(3) - 1))
		case *array.Float64Builder:
			if motley.Field(c).Name == "taux" {
				f.Append(odd[r.IntN(2)])
				continue
			}
			f.Append(odd[r.IntN(len(odd))])
		case *array.Decimal128Builder:
			f.Append(decimal128.New(int64(r.IntN(3)-1), uint64(r.IntN(2))))
		case *array.ListBuilder:
			f.Append(true)
			for range r.IntN(3) {
				f.ValueBuilder().(*array.StringBuilder).Append([]string{"", "x"}[r.IntN(2)])
			}
		case *array.TimestampBuilder:
			f.Append(arrow.Timestamp(r.IntN(3)))
		case *array.BinaryBuilder:
			f.Append([]byte{0, 255}[:r.IntN(3)])
		case *array.BooleanBuilder:
			f.Append(r.IntN(2) == 0)
		case *array.StructBuilder:
			f.Append(true)
			for k := range f.NumField() {
				f.FieldBuilder(k).(*array.Float64Builder).Append(odd[r.IntN(2)])
			}
		}
	}
}

// motleyRows are so many rows, the same ones in the order that the permutation tells, cut
// into batches of a size.
func motleyRows(seed uint64, order []int, size int) (all []pipelines.Batch) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, motley)
	defer b.Release()
	for i, row := range order {
		appendMotley(b, rand.New(rand.NewPCG(seed, uint64(row/2)))) // each row twice
		if (i+1)%size == 0 || i == len(order)-1 {
			all = append(all, pipelines.Batch{Record: b.NewRecord()})
		}
	}
	return all
}

// publishedBytes is what leaves as Arrow writes it, from so many workers.
func publishedBytes(t *rapid.T, env pipelines.Env, p pipelines.Privacy, d pipelines.Decision, in []pipelines.Batch, workers int) []byte {
	var kernels []pipelines.Kernel
	for range workers {
		k, err := p.(pipelines.Emitter).EmitKernel(d, motley)
		if err != nil {
			t.Fatal(err)
		}
		kernels = append(kernels, k)
	}
	rows := pipelinetest.Batches(motley, in...)
	n := 0
	out, err := p.(pipelines.Arranger).Arrange(d, motley, pipelines.NewStream(motley, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := rows.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		n++
		return kernels[n%workers](ctx, b)
	}, rows.Close))
	if err != nil {
		t.Fatal(err)
	}
	return bytesOf(t, env, out)
}

// bytesOf is what a stream, which it closes, gives, as Arrow writes it.
func bytesOf(t *rapid.T, env pipelines.Env, out pipelines.Stream) []byte {
	var recs []arrow.Record
	if err := pipelines.Each(context.Background(), out, func(b pipelines.Batch) error { recs = append(recs, b.Record); return nil }); err != nil {
		t.Fatal(err)
	}
	whole, err := arrowx.Concat(env.Allocator, out.Schema(), recs)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Release()
	for _, r := range recs {
		r.Release()
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(whole.Schema()))
	if err := w.Write(whole); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// Whatever the order of the rows, the cut, the workers and the memory, the same bytes leave
// (invariant 2): nothing of the order the rows came in is in that they leave in.
func TestTheOrderTellsNothing(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	published, put := 0, 0
	draws.Check(t, draws.Kinds{"published": &published, "runs put aside": &put}, func(r *rapid.T) {
		seed := rapid.Uint64().Draw(r, "seed")
		rows := rapid.SampledFrom([]int{40, 300, 1000}).Draw(r, "rows")
		order := make([]int, rows)
		for i := range order {
			order[i] = i
		}
		var want []byte
		for _, memory := range []int64{0, 1 << 30, 150_000, 40_000} {
			env := env
			if env.Memory = memory; memory == 0 {
				env.Memory = 1 << 30
			}
			size := rows
			if want != nil {
				order = rapid.Permutation(order).Draw(r, "order")
				size = rapid.IntRange(1, rows).Draw(r, "batch")
			}
			// Only the order is short of memory: that the count is as exact is shown elsewhere.
			counting := env
			counting.Memory = 1 << 30
			c, err := policy(t, counting, motleyPolicy)
			if err != nil {
				r.Fatal(err)
			}
			d, err := watch(c, motley, motleyRows(seed, order, size), 2)
			if messages.Find(err) != nil && want == nil {
				return // nothing may leave
			}
			if err != nil {
				r.Fatal(err)
			}
			if d, err = c.(pipelines.Drawer).Draw(context.Background(), d, []byte("x")); err != nil {
				r.Fatal(err)
			}
			spool := &countedFiles{Spool: env.Spool}
			env.Spool, env.Workers = spool, rapid.SampledFrom([]int{1, 2, 8}).Draw(r, "workers")
			p, err := policy(t, env, motleyPolicy)
			if err != nil {
				r.Fatal(err)
			}
			got := publishedBytes(r, env, p, d, motleyRows(seed, order, size), env.Workers)
			if want == nil {
				want = got
				published += len(got)
			}
			if !bytes.Equal(got, want) {
				r.Fatalf("other bytes with %d of memory and batches of %d", memory, size)
			}
			put += int(spool.made)
		}
	})
}

// countedFiles counts the files of rows that were made.
type countedFiles struct {
	pipelines.Spool
	made int64
}

func (s *countedFiles) Create(schema *arrow.Schema) (pipelines.SpoolFile, error) {
	s.made++
	return s.Spool.Create(schema)
}

// Classes lie together in the order of the policy, and pseudonyms, which are in none, come
// last: that is what makes a file small.
func TestClassesLieTogether(t *testing.T) {
	env := pipelinetest.Env(t)
	p, err := policy(t, env, `
		public = ["n"]
		quasi "b" {}
		quasi "a" {
			bands     = [0, 50, 100]
			min_level = 1
		}
		model { k = 2 }`)
	if err != nil {
		t.Fatal(err)
	}
	_, got := twoPasses(t, env, p, table(t, "n:int64,a:int64,b:text\n5,60,y\n3,10,y\n\\N,70,x\n9,10,\\N\n4,90,x\n2,20,y\n1,99,y\n8,20,\\N\n7,70,x\n"), pipelinetest.Cuts()[1])
	want := "n,a,b\n4,50 à 99,x\n7,50 à 99,x\n\\N,50 à 99,x\n2,0 à 49,y\n3,0 à 49,y\n1,50 à 99,y\n5,50 à 99,y\n8,0 à 49,\\N\n9,0 à 49,\\N\n"
	if got = strings.ReplaceAll(got, `"`, ""); !strings.HasSuffix(got, strings.SplitN(want, "\n", 2)[1]) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func BenchmarkArrange(b *testing.B) {
	const rows = 200_000
	env := pipelinetest.Env(b)
	env.Allocator, env.Secrets = arrowx.NewPool(64<<20), secret(strings.Repeat("k", 32))
	p, err := policy(b, env, motleyPolicy)
	if err != nil {
		b.Fatal(err)
	}
	order := rand.New(rand.NewPCG(1, 1)).Perm(rows)
	d, err := watch(p, motley, motleyRows(1, order, 1<<16), 1)
	if err != nil {
		b.Fatal(err)
	}
	if d, err = p.(pipelines.Drawer).Draw(b.Context(), d, []byte("x")); err != nil {
		b.Fatal(err)
	}
	k, err := p.(pipelines.Emitter).EmitKernel(d, motley)
	if err != nil {
		b.Fatal(err)
	}
	var emitted []pipelines.Batch
	kept := int64(0)
	for _, in := range motleyRows(1, order, 1<<16) {
		e, err := k(b.Context(), in)
		if err != nil {
			b.Fatal(err)
		}
		kept += e.NumRows()
		emitted = append(emitted, e)
	}
	for _, memory := range []int64{1 << 30, 16 << 20} {
		b.Run(fmt.Sprintf("%dMiB", memory>>20), func(b *testing.B) {
			env := env
			env.Memory, env.Spool = memory, pipelines.NewSpool(b.TempDir(), env.Allocator, 0)
			p, err := policy(b, env, motleyPolicy)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				left := emitted
				out, err := p.(pipelines.Arranger).Arrange(d, motley, pipelines.NewStream(motley, func(context.Context) (pipelines.Batch, error) {
					if len(left) == 0 {
						return pipelines.Batch{}, io.EOF
					}
					e := left[0]
					left = left[1:]
					e.Retain()
					return e, nil
				}, nil))
				if err != nil {
					b.Fatal(err)
				}
				if err := pipelines.Each(b.Context(), out, func(b pipelines.Batch) error { b.Release(); return nil }); err != nil {
					b.Fatal(err)
				}
				if err := out.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(kept)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
