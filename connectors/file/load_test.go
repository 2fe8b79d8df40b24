package file

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// lines is a codec for these tests: a JSON array of texts a row, and a last
// line that says the file is whole. Any number of files of one load can have it.
type lines struct {
	Ext string `hcl:"ext,optional" doc:"Extension."`
}

var linesFormat = pipelines.Define(pipelines.KindFormat, "lines", "Lines of JSON.", lines{Ext: ".jsonl"},
	func(_ pipelines.Env, c lines) (*lines, error) { return &c, nil })

func (c *lines) Name() string               { return "lines" }
func (c *lines) Extension() string          { return c.Ext }
func (c *lines) Bind(s *arrow.Schema) error { return nil }

func (c *lines) Begin(out io.Writer, s *arrow.Schema, _ format.About) (format.FileWriter, error) {
	_, err := fmt.Fprintf(out, "%q\n", pipelines.Columns(s))
	return &linesWriter{out}, err
}

type linesWriter struct{ out io.Writer }

func (w *linesWriter) Encode(_ context.Context, group []pipelines.Batch) (pipelines.Encoded, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for _, batch := range group {
		for i := range int(batch.NumRows()) {
			var row []string
			for c := range int(batch.NumCols()) {
				row = append(row, batch.Column(c).(*array.String).Value(i))
			}
			if err := e.Encode(row); err != nil {
				return nil, err
			}
		}
	}
	return b.Bytes(), nil
}

func (w *linesWriter) Append(e pipelines.Encoded) error {
	_, err := w.out.Write(e.([]byte))
	return err
}

func (w *linesWriter) Close() error {
	_, err := io.WriteString(w.out, "\"end\"\n")
	return err
}

func (c *lines) Open(_ context.Context, in io.ReaderAt, size int64, schema *arrow.Schema) (pipelines.Stream, error) {
	s := bufio.NewScanner(io.NewSectionReader(in, 0, size))
	s.Buffer(nil, 1<<24)
	s.Scan()
	return pipelines.NewStream(schema, func(context.Context) (pipelines.Batch, error) {
		var row []string
		if !s.Scan() || json.Unmarshal(s.Bytes(), &row) != nil {
			return pipelines.Batch{}, io.EOF
		}
		return pipelines.Batch{Record: record(memory.NewGoAllocator(), row)}, nil
	}, nil), nil
}

func (c *lines) Audit(_ context.Context, in io.ReaderAt, size int64) error {
	end := make([]byte, 6)
	if _, err := in.ReadAt(end, size-6); err != nil || string(end) != "\"end\"\n" {
		return fmt.Errorf("audit lines: the end is missing")
	}
	return nil
}

var testSchema = arrow.NewSchema([]arrow.Field{{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)

func record(mem memory.Allocator, values []string) arrow.Record {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.AppendValues(values, nil)
	a := b.NewArray()
	defer a.Release()
	return array.NewRecord(testSchema, []arrow.Array{a}, int64(len(values)))
}

// files are the file blocks of extensions.
func fileBlocks(exts ...string) (blocks []pipelines.Built) {
	for _, e := range exts {
		blocks = append(blocks, pipelines.Built{Component: linesFormat, Label: "lines", Config: lines{Ext: e}})
	}
	return blocks
}

func testLoad(t testing.TB, s store.Store, change ...func(*loadConfig)) *load {
	t.Helper()
	c := loadDefaults
	c.Prefix, c.Name, c.Files = "subventions/val-fleuri", "subventions", fileBlocks(".csv", ".parquet")
	for _, f := range change {
		f(&c)
	}
	l, err := makeLoad(storetest.Env(t.TempDir()), c, s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func localStore(t testing.TB, dir string) store.Store {
	return storetest.Open(t, store.Local, "path = \""+filepath.ToSlash(dir)+"\"", storetest.Env(t.TempDir()))
}

var testManifest = pipelines.Manifest{Dataset: "subventions", Tenant: "val-fleuri", Policy: "0123"}

// seal seals one row that holds content.
func seal(t testing.TB, l *load, content string) pipelines.Sealed {
	t.Helper()
	s, err := l.Seal(context.Background(), pipelines.Records(testSchema, record(memory.NewGoAllocator(), []string{content})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Discard() })
	return s
}

// fresh is another run of the same load, which knows nothing of the first.
func (l *load) fresh() *load {
	return &load{loadConfig: l.loadConfig, env: l.env, store: l.store, writers: l.writers, names: l.names}
}

func publish(t testing.TB, l *load, content string) pipelines.Receipt {
	t.Helper()
	r, err := seal(t, l.fresh(), content).Publish(context.Background(), testManifest)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// seen is what a reader sees who follows current.json: the one row that every
// file of the release holds, "" when nothing is published. Half a release fails
// the test.
func seen(t testing.TB, l *load) string {
	t.Helper()
	content, err := look(l)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func look(l *load) (string, error) {
	ctx := context.Background()
	cur, err := l.readPointer(ctx)
	if err != nil || cur.Release == "" {
		return "", err
	}
	m, err := l.readManifest(ctx, cur.Release)
	if err != nil {
		return "", fmt.Errorf("the manifest: %w", err)
	}
	if len(m.Files) == 0 {
		return "", fmt.Errorf("a release without files")
	}
	var all []string
	for _, f := range m.Files {
		data, _, err := l.readSmall(ctx, l.key(releasesName, cur.Release, f.Name), 1<<30)
		if err != nil {
			return "", fmt.Errorf("%s: %w", f.Name, err)
		}
		if store.Bytes(data, "").SHA256 != f.SHA256 {
			return "", fmt.Errorf("%s is not what the manifest says", f.Name)
		}
		all = append(all, rowOf(data))
	}
	if len(slices.Compact(all)) != 1 {
		return "", fmt.Errorf("the files of one release hold %q", all)
	}
	return all[0], nil
}

func rowOf(data []byte) string {
	var row []string
	_, rest, _ := bytes.Cut(data, []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	json.Unmarshal(line, &row)
	return strings.Join(row, "|")
}

// verified fails the test unless what is published, stable names included, is whole.
func verified(t testing.TB, l *load) {
	t.Helper()
	for _, f := range l.Verify(context.Background()) {
		if !f.OK {
			t.Errorf("%s: %v", f.Check, f.Err)
		}
	}
}

// watched counts writes, and shifts the store's clock.
type watched struct {
	store.Store
	mu     sync.Mutex
	writes []string
	ahead  time.Duration
	refuse map[string]error // of Put, by key
}

func (w *watched) note(op, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes = append(w.writes, op+" "+key)
}

func (w *watched) Put(ctx context.Context, key string, c store.Content) (store.Info, error) {
	if err := w.refuse[key]; err != nil {
		return store.Info{}, err
	}
	w.note("put", key)
	return w.Store.Put(ctx, key, c)
}

func (w *watched) Swap(ctx context.Context, key string, data []byte, old string) (store.Info, error) {
	w.note("swap", key)
	return w.Store.Swap(ctx, key, data, old)
}

func (w *watched) Delete(ctx context.Context, key string) error {
	w.note("delete", key)
	return w.Store.Delete(ctx, key)
}

func (w *watched) Now(ctx context.Context) (time.Time, error) {
	now, err := w.Store.Now(ctx)
	return now.Add(w.ahead), err
}

func (w *watched) Sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	if s, ok := w.Store.(store.Sweeper); ok {
		return s.Sweep(ctx, prefix, before)
	}
	return 0, nil
}

func TestPublish(t *testing.T) {
	s := &watched{Store: localStore(t, t.TempDir())}
	l := testLoad(t, s)
	a := publish(t, l, "A")
	if !a.Changed || a.Previous != "" || len(a.Pending)+len(a.Healed) > 0 || seen(t, l) != "A" {
		t.Errorf("%+v", a)
	}
	verified(t, l)

	s.writes = nil
	again := publish(t, l, "A")
	if again.Changed || again.Release != a.Release || len(s.writes) > 0 {
		t.Errorf("invariant 2: unchanged wrote %v: %+v", s.writes, again)
	}

	b := publish(t, l, "B")
	if !b.Changed || b.Release == a.Release || b.Previous != a.Release || seen(t, l) != "B" {
		t.Errorf("%+v", b)
	}
	verified(t, l)

	back := publish(t, l, "A")
	if !back.Changed || back.Release != a.Release || back.Previous != b.Release || seen(t, l) != "A" {
		t.Errorf("A → B → A: %+v", back)
	}
	verified(t, l)
	if cur, err := l.readPointer(context.Background()); err != nil || cur.Generation != 3 {
		t.Errorf("%+v %v", cur, err)
	}
}

func TestPublishTwiceIsOneReceipt(t *testing.T) {
	l := testLoad(t, localStore(t, t.TempDir()))
	s := seal(t, l, "A")
	first, err := s.Publish(context.Background(), testManifest)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Publish(context.Background(), testManifest)
	first.Changed = false
	if d := cmp.Diff(first, second); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestStableNamesHeal(t *testing.T) {
	dir := t.TempDir()
	s := &watched{Store: localStore(t, dir)}
	l := testLoad(t, s)
	publish(t, l, "A")
	stable := filepath.Join(dir, "subventions", "val-fleuri")
	if err := os.Remove(filepath.Join(stable, "subventions.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stable, "subventions.parquet"), []byte("changed by hand"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range l.Verify(context.Background()) {
		if strings.HasPrefix(f.Check, "stable") == f.OK || f.Err != nil && !messages.Has(f.Err, messages.StableDiffers) {
			t.Errorf("%s: %v", f.Check, f.Err)
		}
	}
	r := publish(t, l, "A")
	if d := cmp.Diff([]string{"subventions.csv", "subventions.parquet"}, r.Healed); d != "" || r.Changed {
		t.Errorf("%s %+v", d, r)
	}
	verified(t, l)
}

// A stable name that is open elsewhere stays pending, and the release is out.
func TestStableNamePending(t *testing.T) {
	s := &watched{Store: localStore(t, t.TempDir())}
	l := testLoad(t, s)
	publish(t, l, "A")
	s.refuse = map[string]error{l.key("subventions.csv"): messages.FileInUse.With("store", "x")}
	r := publish(t, l, "B")
	if d := cmp.Diff([]string{"subventions.csv"}, r.Pending); d != "" || !r.Changed || seen(t, l) != "B" {
		t.Errorf("%s %+v", d, r)
	}
	s.refuse = nil
	if r = publish(t, l, "B"); len(r.Pending) > 0 || len(r.Healed) != 1 {
		t.Errorf("%+v", r)
	}
	verified(t, l)
}

// A file that is no longer published does not stay behind under its stable name.
func TestFileRemovedFromLoad(t *testing.T) {
	s := localStore(t, t.TempDir())
	l := testLoad(t, s)
	publish(t, l, "A")
	less := testLoad(t, s, func(c *loadConfig) { c.Files = fileBlocks(".parquet") })
	if r := publish(t, less, "A"); !r.Changed {
		t.Errorf("%+v", r)
	}
	if _, err := s.Stat(context.Background(), l.key("subventions.csv")); !messages.Has(err, messages.NotFound) {
		t.Errorf("the stable name is still there: %v", err)
	}
	verified(t, less)
}

func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	l := testLoad(t, localStore(t, dir))
	publish(t, l, "old")
	var wg sync.WaitGroup
	receipts, errs := make([]pipelines.Receipt, 8), make([]error, 8)
	for i := range receipts {
		s := seal(t, l.fresh(), "new")
		wg.Add(1)
		go func() {
			defer wg.Done()
			receipts[i], errs[i] = s.Publish(context.Background(), testManifest)
		}()
	}
	wg.Wait()
	moved := 0
	for i, r := range receipts {
		if errs[i] != nil || r.Release != receipts[0].Release || len(r.Pending) > 0 {
			t.Errorf("%+v %v", r, errs[i])
		}
		if r.Changed {
			moved++
		}
	}
	cur, err := l.readPointer(context.Background())
	if err != nil || moved != 1 || cur.Generation != 2 || seen(t, l) != "new" {
		t.Errorf("moved %d times: %+v %v", moved, cur, err)
	}
	verified(t, l)
}

// A slow run does not put its older rows over a newer run's.
func TestSlowRunAgainstNewerOne(t *testing.T) {
	s := &watched{Store: localStore(t, t.TempDir())}
	l := testLoad(t, s)
	publish(t, l, "old")
	slow := seal(t, l.fresh(), "slow")
	publish(t, l, "newer")
	s.writes = nil
	if _, err := slow.Publish(context.Background(), testManifest); !messages.Has(err, messages.Superseded) {
		t.Errorf("%v", err)
	}
	if len(s.writes) > 0 || seen(t, l) != "newer" {
		t.Errorf("wrote %v", s.writes)
	}
	verified(t, l)
}

func TestCollect(t *testing.T) {
	dir := t.TempDir()
	s := &watched{Store: localStore(t, dir)}
	l := testLoad(t, s)
	folders := func() (names []string) {
		es, err := os.ReadDir(filepath.Join(dir, "subventions", "val-fleuri", "releases"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			names = append(names, e.Name())
		}
		return names
	}
	for _, c := range []string{"A", "B", "C", "D", "E"} {
		publish(t, l, c)
	}
	foreign := filepath.Join(dir, "subventions", "val-fleuri", "releases", "mine")
	if err := os.Mkdir(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if n := len(folders()); n != 6 {
		t.Fatalf("what is young stays: %d folders", n)
	}
	s.ahead = 25 * time.Hour
	r := publish(t, l, "E")
	if n := len(folders()); r.Collected != 0 || n != 6 {
		t.Errorf("a reader may still read what was just retired: collected %d, %d folders stay", r.Collected, n)
	}
	s.ahead = 50 * time.Hour
	r = publish(t, l, "E")
	if n := len(folders()); r.Collected != 2 || n != 4 {
		t.Errorf("collected %d, %d folders stay", r.Collected, n)
	}
	if r = publish(t, l, "E"); r.Collected != 0 {
		t.Errorf("collected %d again", r.Collected)
	}
	verified(t, l)

	// A comes back after its folder may have been collected by a run under way.
	r = publish(t, l, "C")
	cur, err := l.readPointer(context.Background())
	if err != nil || cur.Release != r.Release+".1" || !r.Changed || seen(t, l) != "C" {
		t.Errorf("%+v %v", cur, err)
	}
	if r = publish(t, l, "C"); r.Changed {
		t.Errorf("%+v", r)
	}
	verified(t, l)
}

func TestVerifyFindsDamage(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"pointer":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "current.json"), []byte("{}"), 0o644) },
		"manifest": func(dir string) error { return os.Remove(glob(dir, "releases/*/manifest.json")) },
		"file gone": func(dir string) error {
			return os.Remove(glob(dir, "releases/*/subventions.csv"))
		},
		"byte changed": func(dir string) error {
			p := glob(dir, "releases/*/subventions.csv")
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			data[len(data)/2]++
			return os.WriteFile(p, data, 0o644)
		},
		"nothing there": os.RemoveAll,
	} {
		dir := t.TempDir()
		l := testLoad(t, localStore(t, dir))
		publish(t, l, "A")
		if err := damage(filepath.Join(dir, "subventions", "val-fleuri")); err != nil {
			t.Fatal(err)
		}
		bad := 0
		for _, f := range l.Verify(context.Background()) {
			if !f.OK && messages.Find(f.Err) == nil {
				t.Errorf("%s: %v", name, f.Err)
			}
			if !f.OK {
				bad++
			}
		}
		if bad != 1 {
			t.Errorf("%s: %d things found wrong", name, bad)
		}
	}
}

func glob(dir, pattern string) string {
	found, _ := filepath.Glob(filepath.Join(dir, pattern))
	if len(found) != 1 {
		return "none or many"
	}
	return found[0]
}

func TestPointerOfOthers(t *testing.T) {
	for text, want := range map[string]*messages.Message{
		"":              messages.BadPointer,
		"{}":            messages.BadPointer,
		"[1]":           messages.BadPointer,
		`{"format": 2}`: messages.PointerTooNew,
		`{"format": 1, "generation": 1, "release": "../../etc"}`: messages.BadPointer,
	} {
		dir := t.TempDir()
		p := filepath.Join(dir, "subventions", "val-fleuri")
		if err := os.MkdirAll(p, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p, "current.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		l := testLoad(t, localStore(t, dir))
		if _, err := seal(t, l, "A").Publish(context.Background(), testManifest); !messages.Has(err, want) {
			t.Errorf("%s: %v", text, err)
		}
		if got, err := os.ReadFile(filepath.Join(p, "current.json")); err != nil || string(got) != text {
			t.Errorf("%s became %s", text, got)
		}
	}
}

// The id is fixed: one that differs would publish every dataset anew.
func TestReleaseID(t *testing.T) {
	m := pipelines.Manifest{Dataset: "not part of it", Policy: "p<>", Files: []pipelines.FileInfo{
		{Name: "b.csv", Bytes: 2, SHA256: "bb", Schema: []pipelines.ColumnInfo{{Name: "é", Type: "text", Nullable: true}}},
		{Name: "a.csv", Bytes: 1, SHA256: "aa", Rows: 7, Extra: map[string]string{"not": "part"}},
	}}
	const want = `{"files":[{"bytes":1,"name":"a.csv","schema":null,"sha256":"aa"},` +
		`{"bytes":2,"name":"b.csv","schema":[{"name":"é","nullable":true,"type":"text"}],"sha256":"bb"}],"format":1,"policy":"p<>"}`
	if got := releaseID(m); got != store.Bytes([]byte(want), "").SHA256 {
		t.Errorf("got %s", got)
	}
	slices.Reverse(m.Files)
	if got := releaseID(m); got != store.Bytes([]byte(want), "").SHA256 {
		t.Errorf("the order of the blocks matters: %s", got)
	}
}

// However the rows come, the bytes are the same, and no memory stays.
func TestSealBytesDoNotDependOnCuts(t *testing.T) {
	const rows = 3*pipelines.RowGroup/2 + 17
	values := make([]string, rows)
	for i := range values {
		values[i] = fmt.Sprint("commune ", i)
	}
	var want []pipelines.FileInfo
	for _, cut := range []int{rows, 1024, 65536, 70001, 7777} {
		mem := memory.NewCheckedAllocator(arrowx.Poison{})
		whole := record(mem, values)
		var recs []arrow.Record
		for from := 0; from < rows; from += cut {
			recs = append(recs, whole.NewSlice(int64(from), int64(min(rows, from+cut))))
		}
		recs = append(recs, whole.NewSlice(0, 0))
		whole.Release()
		l := testLoad(t, localStore(t, t.TempDir()))
		in := pipelines.Records(testSchema, recs...)
		s, err := l.Seal(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		mem.AssertSize(t, 0)
		var got []pipelines.FileInfo
		for _, f := range s.Files() {
			got = append(got, f.Info())
			if err := f.Audit(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" || got[0].Rows != rows {
			t.Errorf("cut by %d: %s", cut, d)
		}
		if err := s.Discard(); err != nil {
			t.Error(err)
		}
		left, _ := os.ReadDir(l.env.Dir)
		if len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
}

// A stream that fails leaves nothing: no file, no memory.
func TestSealOfBrokenStream(t *testing.T) {
	mem := memory.NewCheckedAllocator(arrowx.Poison{})
	defer mem.AssertSize(t, 0)
	n := 0
	in := pipelines.NewStream(testSchema, func(context.Context) (pipelines.Batch, error) {
		if n++; n == 3 {
			return pipelines.Batch{}, messages.SourceChanged.With()
		}
		return pipelines.Batch{Record: record(mem, []string{"x"})}, nil
	}, nil)
	defer in.Close()
	dir := t.TempDir()
	l := testLoad(t, localStore(t, dir))
	if _, err := l.Seal(context.Background(), in); !messages.Has(err, messages.SourceChanged) {
		t.Error(err)
	}
	for _, d := range []string{dir, l.env.Dir} {
		if left, _ := os.ReadDir(d); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
}

func TestZeroRows(t *testing.T) {
	l := testLoad(t, localStore(t, t.TempDir()))
	s, err := l.Seal(context.Background(), pipelines.Records(testSchema))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Publish(context.Background(), testManifest); err != nil || !r.Changed || s.Files()[0].Info().Rows != 0 {
		t.Errorf("%+v %v", r, err)
	}
	verified(t, l)
}

func TestNamesOfFiles(t *testing.T) {
	s := localStore(t, t.TempDir())
	for _, c := range []struct {
		name string
		exts []string
		want *messages.Message
	}{
		{"a", []string{".csv", ".CSV"}, messages.TwoFilesOneName},
		{"current", []string{".json"}, messages.ReservedName},
		{"manifest", []string{".json"}, messages.ReservedName},
		{"retired", []string{".json"}, messages.ReservedName},
		{"releases", []string{""}, messages.ReservedName},
	} {
		cfg := loadDefaults
		cfg.Name, cfg.Files = c.name, fileBlocks(c.exts...)
		if _, err := makeLoad(storetest.Env(""), cfg, s); !messages.Has(err, c.want) {
			t.Errorf("%s %q: %v", c.name, c.exts, err)
		}
	}
}

// What is one place on some system is one place: case and the names of
// connections do not tell two apart, folders and prefixes do.
func TestPlaceIsWhereItPublishesWhateverItIsCalled(t *testing.T) {
	at := func(label, path, prefix string) string {
		type folder struct{ Path string }
		c := loadConfig{Prefix: prefix, Connection: pipelines.Connection{Built: pipelines.Built{
			Component: pipelines.Component{Name: "local"}, Label: label, Config: folder{path}}}}
		id, shown := c.Place()
		if want := strings.TrimSuffix("connection.local."+label+"/"+prefix, "/"); shown != want {
			t.Errorf("shown as %q, want %q", shown, want)
		}
		return id
	}
	here := at("portail", "out", "a/B")
	if here != at("portail", "out", "A/b") || here != at("site", "out", "a/B") {
		t.Error("one place has two ids")
	}
	if here == at("portail", "out", "a") || here == at("portail", "out", "") || here == at("portail", "in", "a/B") {
		t.Error("two places have one id")
	}
}
