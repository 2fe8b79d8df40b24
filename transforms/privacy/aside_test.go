package privacy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// notedSpool is a spool that notes, before it is encrypted, what is written to it.
type notedSpool struct {
	pipelines.Spool
	mu      sync.Mutex
	written bytes.Buffer
}

func (s *notedSpool) note(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written.Write(p)
	s.written.WriteByte('\n')
}

func (s *notedSpool) Create(schema *arrow.Schema) (pipelines.SpoolFile, error) {
	f, err := s.Spool.Create(schema)
	return notedFile{f, s}, err
}

func (s *notedSpool) CreateBytes() (pipelines.SpoolBytes, error) {
	f, err := s.Spool.(pipelines.ByteSpool).CreateBytes()
	return notedBytes{f, s}, err
}

type notedFile struct {
	pipelines.SpoolFile
	to *notedSpool
}

func (f notedFile) Write(r arrow.Record) error {
	var all func(arrow.ArrayData)
	all = func(d arrow.ArrayData) {
		for _, b := range d.Buffers() {
			if b != nil {
				f.to.note(b.Bytes())
			}
		}
		for _, c := range d.Children() {
			all(c)
		}
	}
	for _, c := range r.Columns() {
		all(c.Data())
	}
	return f.SpoolFile.Write(r)
}

type notedBytes struct {
	pipelines.SpoolBytes
	to *notedSpool
}

func (f notedBytes) Write(p []byte) (int, error) {
	f.to.note(p)
	return f.SpoolBytes.Write(p)
}

// givenRows is a table as a source, read again where again says so.
type givenRows struct {
	env   pipelines.Env
	in    pipelinetest.Table
	batch int
	again bool
	opens *int
}

func (g givenRows) Rereadable() bool                                { return g.again }
func (g givenRows) Declared() (*arrow.Schema, bool)                 { return g.in.Schema, true }
func (g givenRows) Describe(context.Context) (*arrow.Schema, error) { return g.in.Schema, nil }
func (g givenRows) Open(context.Context) (pipelines.Stream, error) {
	*g.opens++
	cut := pipelinetest.Table{Schema: g.in.Schema}
	rest := g.in.Rows
	return pipelines.NewStream(g.in.Schema, func(context.Context) (pipelines.Batch, error) {
		if len(rest) == 0 {
			return pipelines.Batch{}, io.EOF
		}
		n := min(g.batch, len(rest))
		cut.Rows, rest = rest[:n], rest[n:]
		return pipelines.Batch{Record: cut.Record(g.env.Allocator)}, nil
	}, nil), nil
}

var errSealed = errors.New("no more is looked at")

// sealedRows is a sink that takes what leaves, and ends the task there.
type sealedRows struct{ got *pipelinetest.Table }

func (s sealedRows) Seal(ctx context.Context, in pipelines.Stream) (pipelines.Sealed, error) {
	s.got.Schema = in.Schema()
	err := pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		s.got.Append(b.Record)
		b.Release()
		return nil
	})
	if err == nil {
		err = errSealed
	}
	return nil, err
}

// asideKinds are policies over one table and the columns of which no value may be put
// aside; of those of somePerson the values that are masked may not.
var asideKinds = map[string]struct {
	body   string
	never  []string
	masked bool // nobody's telephone number is read but those that end in 7
}{
	"levels":     {body: "public = [\"prime\"]\nidentifier \"nom\" { action = \"drop\" }\nquasi \"age\" { steps = [10, 20] }\nquasi \"service\" {}\n" + asideModel, never: []string{"nom", "tel", "note", "rue", "ref"}},
	"persons":    {body: "public = [\"prime\"]\nsubject = \"ref\"\nidentifier \"ref\" { action = \"drop\" }\nquasi \"age\" { steps = [10, 20] }\nquasi \"service\" {}\n" + asideModel, never: []string{"nom", "tel", "note", "rue", "ref"}},
	"surrogates": {body: "public = [\"prime\"]\nsubject = \"ref\"\nidentifier \"ref\" {\n" + asideKey + "action = \"surrogate\"\n}\nquasi \"service\" {}\n" + asideModel, never: []string{"nom", "tel", "note", "rue", "ref"}},
	"pseudonyms": {body: "public = [\"prime\"]\nsubject = \"ref\"\nidentifier \"ref\" {\n" + asideKey + "action = \"pseudonym\"\n}\nidentifier \"nom\" {\naction = \"constant\"\notherwise = \"une personne\"\n}\nquasi \"service\" {}\n" + asideModel, never: []string{"nom", "tel", "note", "rue"}},
	"conditions": {body: "public = [\"prime\"]\nidentifier \"tel\" {\nclear_when = row.prime == 7\notherwise = \"masqué\"\n}\nidentifier \"nom\" { action = \"redact\" }\nquasi \"service\" {}\n" + asideModel, never: []string{"nom", "note", "rue", "ref"}, masked: true},
	"opposed":    {body: "public = [\"prime\"]\nidentifier \"nom\" { action = \"null\" }\nquasi \"service\" {}\n" + asideModel + asideList, never: []string{"nom", "tel", "note", "rue", "ref"}},
	"texts":      {body: "public = [\"prime\"]\ntext \"note\" {\naction = \"redact\"\nreview = \"human\"\n}\nquasi \"service\" {}\n" + asideModel, never: []string{"nom", "tel", "rue", "ref"}},
	"mondrian":   {body: "public = [\"prime\"]\nidentifier \"tel\" {\naction = \"constant\"\notherwise = \"x\"\n}\nquasi \"age\" {}\nquasi \"service\" {}\nmodel {\nk = 2\nsearch = \"mondrian\"\n}\n", never: []string{"nom", "tel", "note", "rue", "ref"}},
	"means":      {body: "public = [\"service\"]\nsubject = \"ref\"\nidentifier \"nom\" {\naction = \"constant\"\notherwise = \"x\"\n}\nmicroaggregate \"m\" {\ncolumns = [\"age\"]\nk = 3\n}\n", never: []string{"nom", "tel", "note", "rue", "ref"}},
	"a list":     {body: "public = [\"service\", \"age\"]\nidentifier \"nom\" {\naction = \"constant\"\notherwise = \"x\"\n}\n" + asideList, never: []string{"nom", "tel", "note", "rue"}},
	"the law":    {body: "public = [\"service\"]\nidentifier \"ref\" {\n" + asideKey + "action = \"pseudonym\"\nlegal_basis = \"D312-1-3/1\"\nreason = \"organigramme\"\n}\n", never: []string{"nom", "tel", "note", "rue"}},
	"redacted":   {body: "public = [\"age\"]\nidentifier \"tel\" {\naction = \"redact\"\nclear_when = row.prime == 7\n}\n", never: []string{"nom", "note", "rue", "ref"}, masked: true},
	"one asks":   {body: "public = [\"age\"]\nidentifier \"tel\" {\nclear_when = row.prime == 7\notherwise = \"06-12-\"\n}\nidentifier \"nom\" {\nclear_when = starts_with(row.tel, \"06-12-0000\")\n}\n", never: []string{"note", "rue", "ref"}},
	"asks of it": {body: "public = [\"age\"]\nidentifier \"tel\" {\nclear_when = row.prime == 7 && row.tel != \"x\"\notherwise = \"y\"\n}\n", never: []string{"nom", "note", "rue", "ref"}, masked: true},
	"unproved":   {body: "public = [\"age\"]\nidentifier \"tel\" {\nclear_when = row.service == \"Voirie\"\n}\n", never: []string{"nom", "note", "rue", "ref"}},
	"clear":      {body: "public = [\"service\", \"age\"]\nclear \"prime\" {\nsubject = \"foyer\"\nmin_subjects = 3\n}\n", never: []string{"nom", "tel", "note", "rue", "ref"}},
}

const (
	asideModel = "model {\nk = 2\nsuppression_limit = 1\n}\n"
	asideKey   = "key = secret.cle\nrotate = \"per_release\"\n"
	asideList  = "opposition {\nsource = \"liste.lst\"\nkey = \"ref\"\nsecret = secret.cle\nmax_age = \"30d\"\n}\n"
	asideHead  = "nom:text,tel:text,note:text,rue:text,ref:text,age:int64,service:text,prime:int64,prime.foyer.subjects:int64\n"
)

// asideRows is a table of persons, and the values of some of its columns. No value holds another.
func asideRows(r *rapid.T) (csv string, values map[string][]string, masked []string) {
	var b strings.Builder
	b.WriteString(asideHead)
	values = map[string][]string{}
	for i := range rapid.IntRange(12, 120).Draw(r, "rows") {
		row := []string{fmt.Sprintf("CANARI-Dupond-%03d.", i), fmt.Sprintf("06-12-%05d.", i), fmt.Sprintf("vu Mme Vermeillac le %03d.", i), fmt.Sprintf("%d rue du Lavoir.", 1000+i), fmt.Sprintf("REF%05d.", i/2)}
		for c, v := range row {
			name := strings.Split(asideHead, ":text,")[c]
			values[name] = append(values[name], v)
		}
		prime := rapid.IntRange(0, 9).Draw(r, "prime")
		if prime != 7 {
			masked = append(masked, row[1])
		}
		service := rapid.SampledFrom([]string{"Voirie", "Crèche", "Mairie"}).Draw(r, "service")
		fmt.Fprintf(&b, "%s,%d,%s,%d,%d\n", strings.Join(row, ","), 20+rapid.IntRange(0, 30).Draw(r, "age"), service, prime, rapid.IntRange(1, 6).Draw(r, "subjects"))
	}
	return b.String(), values, masked
}

// Of a table that is read once no value is put aside that does not leave and tells nothing
// of what does, not even for a moment, and what leaves is what does of a file; whatever the
// memory and the workers, and however often it is cut.
func TestWhatDoesNotLeaveIsNotPutAside(t *testing.T) {
	kinds := slices.Sorted(maps.Keys(asideKinds))
	met := draws.Of(kinds...)
	property := func(r *rapid.T) {
		name := rapid.SampledFrom(kinds).Draw(r, "kind")
		kind := asideKinds[name]
		csv, values, masked := asideRows(r)
		in := table(t, csv)
		env := pipelinetest.Env(t)
		env.Secrets, env.Now, env.Root = secret(strings.Repeat("k", 32)), time.Now, mustTemp(t, r)
		if strings.Contains(kind.body, "opposition") {
			p, err := policy(t, env, kind.body)
			if err != nil {
				r.Fatal(err)
			}
			if _, _, err := p.(pipelines.Opposer).Oppose(context.Background(), []string{values["ref"][0], values["ref"][4]}, false); err != nil {
				r.Fatal(err)
			}
		}
		run := func(again bool, batch, workers int, memory int64) (pipelinetest.Table, *notedSpool, []pipelines.Passages, error) {
			env := env
			env.Dir, env.Workers, env.Memory = mustTemp(t, r), workers, memory
			spool := &notedSpool{Spool: pipelines.NewSpool(env.Dir, env.Allocator, 0)}
			env.Spool = spool
			p, err := policy(t, env, kind.body)
			if err != nil {
				r.Fatal(err)
			}
			opens, got := 0, pipelinetest.Table{}
			f := &pipelines.Flow{SourceName: "source.rows", Source: givenRows{env, in, batch, again, &opens}, Privacy: p,
				Loads: []pipelines.Load{{Name: "load.rows", Sink: sealedRows{&got}}}, AllowEmpty: true}
			res := f.Run(context.Background(), env, pipelines.FlowOptions{Workers: workers, Key: []byte("k"), OwnKey: true})
			if left, err := os.ReadDir(env.Dir); err != nil || len(left) > 0 {
				r.Fatalf("%v: %d files stay", err, len(left))
			}
			if !again && opens != 1 {
				r.Fatalf("the source was opened %d times", opens)
			}
			if errors.Is(res.Err, errSealed) {
				res.Err = nil
			}
			return got, spool, res.Redacted, res.Err
		}
		batch := rapid.IntRange(1, 50).Draw(r, "batch")
		got, spool, redacted, err := run(false, batch, rapid.IntRange(1, 4).Draw(r, "workers"), rapid.SampledFrom([]int64{1 << 30, 200_000}).Draw(r, "memory"))
		want, _, all, other := run(true, batch, 1, 1<<30)
		if (err == nil) != (other == nil) {
			r.Fatalf("%s: %v, and of a file %v", name, err, other)
		}
		if err != nil {
			if messages.Find(err) == nil {
				r.Fatal(err)
			}
			return // nothing may leave
		}
		if got.CSV() != want.CSV() || fmt.Sprint(redacted) != fmt.Sprint(all) {
			r.Fatalf("%s: got\n%s\nof a file\n%s", name, got.CSV(), want.CSV())
		}
		var never []string
		for _, column := range kind.never {
			never = append(never, values[column]...)
		}
		if kind.masked {
			never = append(never, masked...)
		}
		for _, v := range never {
			if bytes.Contains(spool.written.Bytes(), []byte(v)) {
				r.Fatalf("%s: %q was put aside", name, v)
			}
		}
		if spool.written.Len() > 0 && len(got.Rows) > 0 {
			met.Meet(name)
		}
	}
	draws.Check(t, met, property)
}

func mustTemp(t *testing.T, r *rapid.T) string {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		r.Fatal(err)
	}
	return dir
}

// Where a quasi-identifier gets more values than a word tells apart its rows are kept all
// the same, those before and those after.
func TestKeptRowsOfManyValues(t *testing.T) {
	const values = 66_000
	var csv strings.Builder
	csv.WriteString("q:text,g:text,n:int64\n")
	for i := range 2 * values {
		fmt.Fprintf(&csv, "v%05d,%s,%d\n", i%values, []string{"a", "b"}[i%2], i)
	}
	in := table(t, csv.String())
	env := pipelinetest.Env(t)
	env.Memory, env.Spool = 1<<30, pipelines.NewSpool(t.TempDir(), env.Allocator, 0)
	p, err := policy(t, env, "public = [\"n\"]\nquasi \"q\" {}\nquasi \"g\" {}\nmodel {\nk = 2\nsuppression_limit = 1\n}")
	if err != nil {
		t.Fatal(err)
	}
	cut := pipelinetest.Cuts()[3]
	d, err := keep(p, in.Schema, cut.Batches(env.Allocator, in), 2, true)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.(pipelines.Keeper).EmitKept(context.Background(), d, in.Schema)
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, out)
	if _, want := twoPasses(t, env, p, in, cut); got != want || strings.Count(got, "\n") != 2*values+1 {
		t.Errorf("%d lines leave, other than those of rows that are read again", strings.Count(got, "\n"))
	}
}
