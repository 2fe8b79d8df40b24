package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/cli"
	"github.com/lavoir-data/lavoir/transforms"
)

var attackTables = flag.Int("attack", 20, "how many random tables TestAttack attacks")

// tablesOfWorld are in one project: a command that starts costs more than a table.
const tablesOfWorld = 10

// tally is what the attack came to.
type tally struct {
	tables, releases, refused, held, kills, left, bytes, values atomic.Int64
	objected, erased, combined, found                           atomic.Int64
	shapes                                                      sync.Map // *atomic.Int64 by shape, of releases
}

func (s *tally) count(of shape) {
	n, _ := s.shapes.LoadOrStore(of, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

// published are the shapes that releases were of, with how many.
func (s *tally) published() (all []string) {
	s.shapes.Range(func(of, n any) bool {
		all = append(all, fmt.Sprintf("%d of %s", n.(*atomic.Int64).Load(), of))
		return true
	})
	slices.Sort(all)
	return all
}

// TestAttack attacks random small tables, one-row ones among them, with all that is
// public and all that is left on the disk after kill -9 (invariants 3, 5, 6 and 11).
// Nothing that was suppressed is recovered, no pseudonym is found in two releases,
// and what is public is a function of the published rows alone:
//
//   - what is decoded of each file, dictionaries included, are the rows that simple
//     code lets out at the levels of the manifest, and in an order that is theirs;
//   - when all that is hidden changes, nothing public does;
//   - no cell is anywhere in bytes, logs and leftovers, in any of some twenty ways.
func TestAttack(t *testing.T) {
	var sum tally
	t.Run("worlds", func(t *testing.T) {
		for n := range (*attackTables + tablesOfWorld - 1) / tablesOfWorld {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				t.Parallel()
				attack(t, uint64(n), &sum)
			})
		}
	})
	if sum.releases.Load() == 0 || sum.refused.Load() == 0 || sum.kills.Load() == 0 || sum.left.Load() == 0 {
		t.Errorf("nothing was published, refused, killed or left behind: %d, %d, %d, %d", sum.releases.Load(), sum.refused.Load(), sum.kills.Load(), sum.left.Load())
	}
	fmt.Printf("attack: %d tables, %d releases, %d refusals with nothing public, %d kills that left %d files, %d values sought in %d MB: %d recoveries\n",
		sum.tables.Load(), sum.releases.Load(), sum.refused.Load(), sum.kills.Load(), sum.left.Load(), sum.values.Load(), sum.bytes.Load()>>20, sum.found.Load())
}

// world is a project under attack.
type world struct {
	project
	t       *testing.T
	sum     *tally
	rand    *rand.Rand
	victims []*victim
	allowed map[string]bool            // cells that a release may show
	cells   map[string]map[string]bool // of all inputs so far, by column
	said    []string                   // all that commands said
	last    map[string]string          // manifest of each table's current release
	codes   map[string]map[string]bool // pseudonyms of each release
	killed  bool
	caught  *[]string // what is found, where that is what is wanted
}

func attack(t *testing.T, seed uint64, sum *tally) {
	w := &world{t: t, sum: sum, rand: rand.New(rand.NewPCG(seed, 5)), allowed: map[string]bool{}, cells: map[string]map[string]bool{},
		last: map[string]string{}, codes: map[string]map[string]bool{}}
	w.project = project{dir: t.TempDir(), place: keysOf("racine")}
	for n := range tablesOfWorld {
		w.victims = append(w.victims, newVictim(w.rand, n))
	}
	sum.tables.Add(tablesOfWorld)
	w.lay()
	w.give()
	w.run("run", "--report", "rapport.json", "--log-level", "trace")
	w.look("a first release")
	first := w.public()

	for _, v := range w.victims {
		v.hidden(w.rand)
	}
	w.give()
	w.run("run", "--log-level", "trace", "--lang", "fr")
	w.look("a release with other hidden values")
	again := w.public()
	for _, v := range w.victims {
		if !v.pseudonym {
			if d := cmp.Diff(under(first, v.name), under(again, v.name)); d != "" {
				w.found("%s: what is public changes with what is hidden:\n%s", v.name, d)
			}
		}
	}
	for _, v := range w.victims {
		v.next(w.rand)
	}
	w.give()
	w.run("run", "--output", "json", "--log-level", "trace")
	w.look("a second release")
	for _, args := range [][]string{{"verify"}, {"plan", "--details", "--connect"}} {
		w.run(args...)
	}
	one := w.victims[2+w.rand.IntN(len(w.victims)-2)].name
	for _, args := range [][]string{{"privacy", "page"}, {"privacy", "page", "--form", "markdown"}, {"privacy", "report"}, {"privacy", "report", "--output", "json"}, {"preview"}} {
		w.run(append(args, "--pipeline", one)...)
	}
	w.seek("what was said")

	for range 4 {
		for _, v := range w.victims {
			v.next(w.rand)
		}
		w.give()
		w.kill(1 + w.rand.IntN(500))
	}
	w.run("run")
	w.look("a release after kills")
	w.guess()
	w.otherKeys()
}

func keysOf(root string) place {
	return place{env: []string{"LAVOIR_TEST_ROOT=" + strings.Repeat(root, 8), "LAVOIR_TEST_PRINTS=" + strings.Repeat("empreintes de "+root, 3)}}
}

// lay writes the project.
func (w *world) lay() {
	w.t.Helper()
	text := `
secret "racine" {
  env = "LAVOIR_TEST_ROOT"
}
secret "empreintes" {
  env = "LAVOIR_TEST_PRINTS"
}
project {
  fingerprint_key = secret.empreintes
}
connection "local" "depot" {
  path = "donnees"
}
connection "local" "portail" {
  path = "public"
}
`
	for _, v := range w.victims {
		text += v.block()
		w.write(w.t, "hierarchies/"+v.name+".csv", v.hierarchy())
	}
	w.write(w.t, "lavoir.hcl", text)
	w.write(w.t, "tmp/.here", "")
	w.place.env = append(w.place.env, "TMPDIR="+filepath.Join(w.dir, "tmp"))
}

// give writes the inputs, and remembers their cells.
func (w *world) give() {
	w.t.Helper()
	header := strings.Split(headerOfVictims, ",")
	for _, v := range w.victims {
		w.write(w.t, "donnees/"+v.name+".csv", v.csv())
		for _, p := range v.rows {
			for i, cell := range p.cells() {
				if w.cells[header[i]] == nil {
					w.cells[header[i]] = map[string]bool{}
				}
				w.cells[header[i]][cell] = true
			}
		}
	}
}

func (w *world) run(args ...string) result {
	w.t.Helper()
	r := w.lavoir(w.t, args...)
	w.said = append(w.said, r.out, r.err)
	if strings.Contains(r.err, "goroutine ") {
		w.t.Fatalf("%v crashed: %v", args, r)
	}
	return r
}

func (w *world) found(format string, args ...any) {
	w.t.Helper()
	if w.caught != nil {
		*w.caught = append(*w.caught, fmt.Sprintf(format, args...))
		return
	}
	w.sum.found.Add(1)
	w.t.Errorf(format, args...)
}

func (w *world) public() map[string]string {
	w.t.Helper()
	return w.files("public")
}

// files are all those under a folder, whatever their names.
func (w *world) files(folder string) map[string]string {
	w.t.Helper()
	all := map[string]string{}
	root := filepath.Join(w.dir, folder)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		all[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return all
}

func under(files map[string]string, folder string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		if strings.HasPrefix(name, folder+"/") && !strings.Contains(name, "/.") {
			out[name] = text
		}
	}
	return out
}

// look judges what is current of each table, and seeks all that it does not show.
func (w *world) look(what string) {
	w.t.Helper()
	w.judge(what)
	w.seek(what)
}

// judge judges what became current of each table of the present input.
func (w *world) judge(what string) {
	w.t.Helper()
	files := w.public()
	for _, v := range w.victims {
		var current struct{ Release string }
		if text, ok := files[v.name+"/current.json"]; !ok {
			w.sum.refused.Add(1)
			if left := under(files, v.name); len(left) > 0 && !w.killed { // a killed run may leave a release that nothing names
				w.found("%s, %s: nothing is current, and %d files are there", what, v.name, len(left))
			}
			continue
		} else if err := json.Unmarshal([]byte(text), &current); err != nil {
			w.t.Fatal(err)
		}
		folder := v.name + "/releases/" + current.Release + "/"
		manifest := files[folder+"manifest.json"]
		if w.last[v.name] == manifest && manifest != "" {
			continue // this input made no release: what is current is of another
		}
		w.sum.releases.Add(1)
		w.release(what, v, manifest, files[folder+v.name+".csv"], files[folder+v.name+".parquet"])
		if before := w.last[v.name]; before != "" {
			for _, part := range told([]byte(before), []byte(manifest)) {
				w.found("%s, %s: the manifests of two releases differ in %s", what, v.name, part)
			}
		}
		w.last[v.name] = manifest
	}
}

// release judges one: its rows are those that the levels let out, in both files, and
// in an order of their own.
func (w *world) release(what string, v *victim, manifest, text, file string) {
	w.t.Helper()
	at := what + ", " + v.name
	columns, want, err := v.published(manifest)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", at, err, manifest)
	}
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) < 2 {
		w.t.Fatalf("%s: %d lines of CSV: %v", at, len(all), err)
	}
	header, rows := all[0], all[1:]
	if v.model {
		if why := arranged(w.t, manifest, header, rows); why != "" {
			w.found("%s: the order of the source is public: %s", at, why)
		}
	}
	if v.pseudonym {
		codes := map[string]bool{}
		header = header[1:]
		for i, row := range rows {
			codes[row[0]] = true
			rows[i] = row[1:]
		}
		for other, before := range w.codes {
			for _, code := range shared(before, codes) {
				w.found("%s: the pseudonym %s is also in %s", at, code, other)
			}
		}
		w.codes[at] = codes
	}
	if d := cmp.Diff(columns, header); d != "" {
		w.found("%s: columns\n%s", at, d)
	}
	sort := func(rows [][]string) [][]string {
		rows = slices.Clone(rows)
		slices.SortFunc(rows, slices.Compare[[]string])
		return rows
	}
	if d := cmp.Diff(sort(want), sort(rows)); d != "" {
		w.found("%s: rows that may be public (-) and are (+)\n%s", at, d)
	}
	for _, row := range want {
		for _, cell := range row {
			w.allowed[cell] = true
		}
	}
	w.parquet(at, v, columns, rows, file)
	for _, c := range counts([]byte(manifest), int64(len(rows))) {
		w.found("%s: the manifest counts %s", at, c)
	}
}

// parquet judges the other file: its values, dictionaries and filters are those of the rows.
func (w *world) parquet(at string, v *victim, columns []string, rows [][]string, file string) {
	w.t.Helper()
	d, err := decode([]byte(file))
	if err != nil {
		w.t.Fatalf("%s: %v", at, err)
	}
	for i, name := range columns {
		var cells []string
		for _, row := range rows {
			cells = append(cells, row[i])
		}
		if diff := cmp.Diff(cells, d.rows[name]); diff != "" {
			w.found("%s: column %s of the other file\n%s", at, name, diff)
		}
	}
	if want := len(columns) + map[bool]int{true: 1}[v.pseudonym]; len(d.columns) != want {
		w.found("%s: columns %v in the other file", at, d.columns)
	}
	for _, f := range d.beyond(at) {
		w.found("%s", f)
	}
	for name, filters := range d.filters {
		var asked []string
		for cell := range w.cells[name] {
			if !slices.Contains(d.rows[name], cell) && cell != "" {
				asked = append(asked, cell)
			}
		}
		// A filter of the rows alone says yes to others by chance; to more than a tenth
		// of them it would not.
		if yes := probed(filters[0], asked); len(yes) > 3+len(asked)/10 {
			w.found("%s: the filter of %s knows %d of %d values that are not there", at, name, len(yes), len(asked))
		}
	}
}

// seek looks for all cells that no release shows in all that is not input.
func (w *world) seek(what string) {
	w.t.Helper()
	s := &seeker{}
	n := int64(0)
	for column, cells := range w.cells {
		for cell := range cells {
			if w.allowed[cell] {
				continue
			}
			switch {
			case column == passage:
				s.seekPassage(cell)
				n++
			case len(cell) >= len("1913-05-02"):
				s.seek(column, cell)
				n++
			}
		}
	}
	w.sum.values.Add(n)
	if n == 0 {
		w.t.Fatal("there is nothing to seek")
	}
	look := func(where, text string) {
		w.sum.bytes.Add(int64(len(text)))
		for _, f := range s.in(what+", "+where, []byte(text)) {
			w.found("%s", f)
		}
	}
	for name, text := range w.files(".") {
		if input(name) {
			continue
		}
		look(name, name+"\n")
		look(name, text)
	}
	for i, text := range w.said {
		look("output "+strconv.Itoa(i), text)
	}
	w.said = nil
}

// input says whether a file is one of those that no attacker has.
func input(name string) bool {
	folder, _, _ := strings.Cut(name, "/")
	return folder == "donnees" || folder == "hierarchies" || folder == "prive" || strings.HasSuffix(name, ".hcl")
}

// kill runs the command, which kills itself at its n-th operation or read, and looks
// into what is left.
func (w *world) kill(n int) {
	w.t.Helper()
	cmd, out, errOut := w.command("lavoir-attacked", "run", "--log-level", "trace")
	cmd.Env = append(cmd.Env, fmt.Sprintf("LAVOIR_TEST_AT=%d", n))
	r := ended(w.t, cmd.Run(), out, errOut)
	w.killed = w.killed || r.killed()
	w.said = append(w.said, r.out, r.err)
	w.judge("killed at operation " + strconv.Itoa(n))
	// What it uploaded and did not come to make current shows what may be shown, too.
	for name, text := range w.public() {
		parts := strings.Split(name, "/")
		if parts[len(parts)-1] != "manifest.json" || w.last[parts[0]] == text {
			continue
		}
		for _, v := range w.victims {
			if v.name == parts[0] {
				w.may(v, text)
			}
		}
	}
	if r.killed() {
		w.sum.kills.Add(1)
		for _, v := range w.victims { // and what was sealed and did not come to be
			for _, levels := range everyLevel {
				w.may(v, levels)
			}
		}
		for name, text := range w.files(".lavoir/work") {
			if filepath.Base(name) != "lock" && len(text) > 0 {
				w.sum.left.Add(1)
			}
		}
	}
	w.seek("killed at operation " + strconv.Itoa(n))
}

// may lets pass what a release of the table would show at the levels of a manifest.
func (w *world) may(v *victim, manifest string) {
	_, rows, err := v.published(manifest)
	if err != nil {
		return
	}
	for _, row := range rows {
		for _, cell := range row {
			w.allowed[cell] = true
		}
	}
}

// everyLevel are manifests of all levels that a release of a table may have.
var everyLevel = func() (all []string) {
	for _, place := range []string{"", "niveau 1", "niveau 2", "valeurs masquées"} {
		for _, day := range []string{"mois", "trimestre", "année", "valeurs masquées"} {
			all = append(all, fmt.Sprintf(`{"protection": {"columns": [{"name": "lieu", "level": %q}, {"name": "jour", "level": %q}]}}`, place, day))
		}
	}
	return all
}()

// guess tries to make the pseudonyms of the last release without the key.
func (w *world) guess() {
	w.t.Helper()
	names := []string{}
	for cell := range w.cells["nom"] {
		names = append(names, cell)
	}
	keys := [][]byte{nil, []byte("nom"), []byte("lavoir"), []byte("per_release"), []byte("lavoir pseudonym"), []byte("lavoir release epoch"), []byte("draw")}
	for name, text := range w.files(".lavoir") {
		if strings.HasSuffix(name, ".key") {
			keys = append(keys, []byte(text))
		}
	}
	for _, v := range w.victims {
		keys = append(keys, []byte(v.name))
		var m struct {
			Release string
			Policy  string `json:"policy_sha256"`
		}
		if json.Unmarshal([]byte(w.last[v.name]), &m) == nil {
			keys = append(keys, []byte(m.Release), []byte(m.Policy))
		}
	}
	for at, codes := range w.codes {
		for _, f := range forced(codes, names, keys) {
			w.found("%s: a pseudonym is made without the key: %s", at, f)
		}
	}
}

// otherKeys runs the same inputs under other secrets: no fingerprint and no pseudonym
// is the same, and nothing else public differs.
func (w *world) otherKeys() {
	w.t.Helper()
	publish := func(root string) (*world, map[string]bool) {
		o := &world{t: w.t, sum: w.sum, victims: w.victims, project: project{dir: w.t.TempDir(), place: keysOf(root)}}
		o.cells, o.allowed = map[string]map[string]bool{}, map[string]bool{}
		o.lay()
		o.give()
		o.run("run")
		prints := map[string]bool{}
		for name, text := range o.files(".lavoir/evidence") {
			var e struct {
				Seal        string
				Fingerprint string `json:"input_fingerprint"`
				Task        struct{ Fingerprint string }
				Privacy     struct {
					Pseudonyms []struct {
						Key string `json:"key_fingerprint"`
					}
				}
			}
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				if !strings.HasSuffix(name, ".json") {
					continue
				}
				w.t.Fatal(err)
			}
			for _, p := range []string{e.Seal, e.Fingerprint, e.Task.Fingerprint} {
				if p != "" {
					prints[p] = true
				}
			}
			for _, p := range e.Privacy.Pseudonyms {
				prints[p.Key] = true
			}
		}
		for name, text := range o.public() {
			if !strings.HasSuffix(name, ".csv") {
				continue
			}
			for _, p := range pseudonymsOf(text) {
				prints[p] = true
			}
		}
		return o, prints
	}
	a, ofA := publish("une racine")
	b, ofB := publish("deux racine")
	if len(ofA) == 0 {
		w.t.Fatal("there is no fingerprint")
	}
	for _, p := range shared(ofA, ofB) {
		w.found("the fingerprint or pseudonym %s is the same under two keys", p)
	}
	filesA, filesB := a.public(), b.public()
	for _, v := range w.victims {
		if !v.pseudonym {
			if d := cmp.Diff(under(filesA, v.name), under(filesB, v.name)); d != "" {
				w.found("%s: what is public depends on the keys:\n%s", v.name, d)
			}
		}
	}
}

// attackedMain is the command with a store that kills the process at its n-th
// operation or read.
func attackedMain() {
	at, _ := strconv.ParseInt(os.Getenv("LAVOIR_TEST_AT"), 10, 64)
	count := new(atomic.Int64)
	hit := func(context.Context) {
		if count.Add(1) != at {
			return
		}
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			self.Signal(syscall.SIGKILL)
		}
		select {}
	}
	all := slices.Clone(connectors.All)
	for i, c := range all {
		if c.Kind == pipelines.KindConnection && c.Name == "local" {
			all[i] = pipelines.Define(c.Kind, c.Name, c.Doc, c.New(), func(env pipelines.Env, config any) (store.Store, error) {
				s, err := c.Build(env, config)
				if err != nil {
					return nil, err
				}
				return &readStore{&countingStore{s.(store.Store), hit}}, nil
			})
		}
	}
	cli.Main(pipelines.MustRegistry(all, transforms.All))
}

// readStore also counts what is read.
type readStore struct{ *countingStore }

func (s *readStore) Open(ctx context.Context, key string) (io.ReadCloser, store.Info, error) {
	r, info, err := s.countingStore.Open(ctx, key)
	if err != nil {
		return nil, info, err
	}
	return &countedReader{r, func() { s.hit(ctx) }}, info, nil
}

type countedReader struct {
	io.ReadCloser
	hit func()
}

func (r *countedReader) Read(p []byte) (int, error) {
	r.hit()
	return r.ReadCloser.Read(p[:min(len(p), 1<<14)])
}

// spoolPipeline puts rows on the disk: as runs that are sorted in little memory, or
// for the second pass of the privacy stage beside a source that is joined.
const spoolPipeline = `
secret "racine" {
  env = "LAVOIR_TEST_ROOT"
}
project {
  fingerprint_key = secret.racine
  memory          = "32MiB"
}
connection "local" "depot" {
  path = "donnees"
}
connection "local" "portail" {
  path = "public"
}
pipeline "agents" {
  authorization {
    allowed   = true
    reference = "essai"
  }
  source "file" "export" {
    connection = connection.local.depot
    path       = "export.csv"
    format "csv" {
      columns = { ref = int64 }
    }
  }
  %s
  privacy {
    identifier "nom" {
%s
    }
    identifier "ref" {
      action = "drop"
    }
%s
  }
  load "local" "portail" {
    connection = connection.local.portail
    file "csv" {}
    file "parquet" {}
  }
}
`

const (
	spoolModel = `    quasi "lieu" {}
    model {
      k                 = 3
      suppression_limit = 0.9
    }`
	spoolJoin = `source "file" "lieux" {
    connection = connection.local.depot
    path       = "lieux.csv"
    format "csv" {
      columns = { code = text, ville = text }
    }
  }
  transform "join" "lieux" {
    source = source.file.lieux
    on     = { lieu = "code" }
  }`
	spoolHash = `action = "pseudonym"
      key    = secret.racine
      rotate = "per_release"
`
)

var spoolSteps = map[string]struct {
	rows                int
	steps, names, model string
}{
	"runs of a sort": {250_000, `transform "sort" "par_nom" {
    by = ["nom"]
  }`, `action = "drop"`, spoolModel},
	"spool of the privacy stage": {250_000, spoolJoin, spoolHash + `
      legal_basis = "D312-1-3/1"
      reason      = "organigramme"`, `    public = ["ville"]`},
	"kept rows of a join": {400_000, spoolJoin, spoolHash + `
    }
    subject = "nom"
    gate {
      max_prosecutor_risk = 0.5`, spoolModel},
	"kept rows": {120_000, "", spoolHash + `
    }
    subject = "nom"
    gate {
      max_prosecutor_risk = 0.5`, spoolModel},
	"piles of persons": {120_000, "", `action = "surrogate"
      key    = secret.racine
      rotate = "per_release"
    }
    subject = "nom"
    opposition {
      source  = "oppositions.lst"
      key     = "nom"
      secret  = secret.racine
      max_age = "30d"`, spoolModel},
}

// TestAttackSpools: what is left when a run that puts rows on the disk is killed, while
// it reads, sorts, seals and publishes, holds nothing that does not leave (invariant 6).
func TestAttackSpools(t *testing.T) {
	for name, of := range spoolSteps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(7, 5))
			p := project{dir: t.TempDir(), place: keysOf("racine")}
			p.write(t, "lavoir.hcl", fmt.Sprintf(spoolPipeline, of.steps, of.names, of.model))
			p.write(t, "donnees/lieux.csv", "code,ville\nQuartier 1,Val-Fleuri\n")
			var b strings.Builder
			b.WriteString("nom,ref,lieu\n")
			s := &seeker{}
			for i := range of.rows {
				lieu := fmt.Sprintf("Quartier %d", i%7)
				if i%250 == 0 {
					lieu = canary(r) // a row that is dropped
					s.seek("lieu", lieu)
				}
				name, ref := canary(r), someRef(r)
				fmt.Fprintf(&b, "%s,%d,%s\n", name, ref, lieu)
				if i%25 == 0 {
					s.seek("nom", name)
					s.seek("ref", strconv.FormatInt(ref, 10))
				}
			}
			p.write(t, "donnees/export.csv", b.String())
			if strings.Contains(of.names, "opposition") {
				p.must(t, 0, []string{"subject", "oppose"})
			}
			most := 0
			for n := 150; ; n += 150 {
				killed, left := attackedRun(t, p, s, n)
				if most = max(most, left); !killed {
					break
				}
			}
			t.Logf("%d bytes were left", most)
			if most < 1<<16 {
				t.Errorf("the killed runs left %d bytes at most: no rows were on the disk", most)
			}
		})
	}
}

// attackedRun kills a run at its n-th operation and says how much of what it spooled is left.
func attackedRun(t *testing.T, p project, s *seeker, n int) (killed bool, left int) {
	t.Helper()
	cmd, out, errOut := p.command("lavoir-attacked", "run", "--log-level", "trace")
	cmd.Env = append(cmd.Env, fmt.Sprintf("LAVOIR_TEST_AT=%d", n))
	r := ended(t, cmd.Run(), out, errOut)
	if r.code > 0 {
		t.Fatal(r)
	}
	w := &world{t: t, project: p}
	files := w.files(".")
	maps.DeleteFunc(files, func(name, _ string) bool { return input(name) })
	for _, name := range unlocked(files) {
		t.Fatalf("killed at operation %d: the key of %s lies beside it", n, name)
	}
	for name, text := range files {
		if strings.Contains(name, "/spool-") {
			left += len(text)
		}
		for _, f := range s.in(name, []byte(text)) {
			t.Fatalf("killed at operation %d: %s", n, f)
		}
	}
	for _, f := range s.in("output", []byte(r.out+r.err)) {
		t.Fatalf("killed at operation %d: %s", n, f)
	}
	return r.killed(), left
}

// TestAttackFindsWhatIsPlanted plants what an attacker would find, one by one, and
// sees it found: an attack that cannot succeed shows nothing.
func TestAttackFindsWhatIsPlanted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	text, number, date := canary(r), "123456789012345", "1913-05-02"
	s := &seeker{}
	s.seek("nom", text)
	s.seek("ref", number)
	s.seek("jour", date)
	var utf16 []byte
	for _, c := range text {
		utf16 = append(utf16, byte(c), 0)
	}
	for what, data := range planted(t, text, number, date, utf16) {
		if len(s.in(what, data)) == 0 {
			t.Errorf("%s is not found", what)
		}
	}
	if f := s.in("nothing", bytes.Repeat([]byte("rien du tout, 2024-01-01; "), 1000)); len(f) > 0 {
		t.Errorf("what is not there is found: %v", f)
	}

	own, with := parquetWith(t, []string{"a", "b"}, nil), parquetWith(t, []string{"a", "b"}, []string{text})
	if d, err := decode(own); err != nil || len(d.beyond("own")) > 0 {
		t.Errorf("a file of its own rows: %v %v", d, err)
	}
	if d, err := decode(with); err != nil || len(d.beyond("with")) == 0 {
		t.Errorf("a filter with one more value is not found: %v", err)
	} else if len(probed(d.filters["nom"][0], []string{text})) != 1 {
		t.Error("a value that a filter knows is not found")
	}
	d := &decoded{rows: map[string][]string{"nom": {"a"}}, entries: map[string]map[string]bool{"nom": {"a": true, text: true}}}
	if len(d.beyond("dictionary")) != 1 {
		t.Error("an entry of a dictionary that no row has is not found")
	}

	code := strings.Repeat("A", 26)
	if len(shared(map[string]bool{code: true}, map[string]bool{code: true})) != 1 {
		t.Error("a pseudonym of two releases is not found")
	}
	for how, weak := range weakCodes(text) {
		if len(forced(map[string]bool{weak: true}, []string{text}, [][]byte{[]byte("known")})) == 0 {
			t.Errorf("a pseudonym that is %s is not found", how)
		}
	}
	if unordered([][]string{{"b"}, {"a"}}) == "" || unordered([][]string{{"a", ""}, {"a", "b"}}) == "" || unordered([][]string{{"a"}, {"b"}, {""}}) != "" {
		t.Error("an order that is not that of the values is not told from one that is")
	}
	before := `{"release": "x", "files": [{"rows": 5, "name": "a"}], "privacy": ["une"]}`
	for _, after := range []string{
		`{"release": "y", "files": [{"rows": 5, "name": "a"}], "privacy": ["une"], "rows_suppressed": 3}`,
		`{"release": "y", "files": [{"rows": 5, "name": "a", "input": "1234"}], "privacy": ["une"]}`,
	} {
		if len(told([]byte(before), []byte(after))) == 0 {
			t.Errorf("what %s tells is not found", after)
		}
		if len(told([]byte(before), []byte(strings.Replace(before, `"x"`, `"y"`, 1)))) > 0 {
			t.Error("another id is taken for a leak")
		}
	}
	if len(counts([]byte(`{"files": [{"rows": 5}], "rows_suppressed": 3}`), 5)) != 1 || len(counts([]byte(`{"files": [{"rows": 6}]}`), 5)) != 1 {
		t.Error("a count of what is not published is not found")
	}
}
