package main

import (
	"crypto/rand"
	"encoding/csv"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms"
)

const edgeProject = `
project {
  fingerprint_key = secret.cle
}
secret "cle" {
  env = "LAVOIR_TEST_ROOT"
}
connection "local" "depot" {
  path = "depot"
}
connection "local" "portail" {
  path = "public"
}
pipeline "p" {
  %s
  authorization {
    allowed   = true
    reference = "test"
  }
  source "file" "f" {
    connection = connection.local.depot
    path       = "in.csv"
    format "csv" {
      columns = { %s }
      %s
    }
    %s
  }
  %s
  privacy {
    %s
  }
  load "local" "portail" {
    connection = connection.local.portail
    file "csv" {}
    file "parquet" {}
  }
}
`

// edge is one case of the checklist.
type edge struct {
	says  string // in the words of the specification
	cases []edgeCase
	also  func(t *testing.T) // what takes more than one run
}

// edgeCase is a project that is run once.
type edgeCase struct {
	name     string
	types    string // of the columns that are no text
	format   string // more of it
	source   string // more of the source
	settings string
	steps    string
	policy   string
	rows     string // of the export
	files    map[string]string
	environ  []string // nil: with the key

	want   string            // what is published
	err    *messages.Message // or why nothing is
	params map[string]string
}

// run runs the project in a folder, where it may have run before, and gives what is public
// then.
func (c edgeCase) run(t *testing.T, dir string) (string, pipelines.Outcome, error) {
	t.Helper()
	p := project{dir: dir}
	p.write(t, "lavoir.hcl", fmt.Sprintf(edgeProject, c.settings, c.types, c.format, c.source, c.steps, c.policy))
	p.write(t, "depot/in.csv", c.rows)
	for name, text := range c.files {
		p.write(t, name, text)
	}
	environ := rootKey.env
	if c.environ != nil {
		environ = c.environ
	}
	public := func() string { return strings.ReplaceAll(tree(t, filepath.Join(dir, "public"))["p.csv"], "\r", "") }
	loaded, diags := hclfile.Load(dir, pipelines.MustRegistry(connectors.All, transforms.All), hclfile.Options{Environ: environ, Now: time.Now})
	if !diags.HasErrors() {
		report, more, err := pipelines.Run(t.Context(), &loaded.Project, pipelines.Selection{},
			pipelines.RunOptions{Version: "test", Log: hclog.NewNullLogger(), Now: time.Now, Rand: rand.Reader})
		if err != nil {
			return public(), "", err
		}
		if diags = more; !diags.HasErrors() {
			return public(), report.Tasks[0].Outcome, report.Tasks[0].Err
		}
	}
	for _, d := range diags {
		if e, ok := d.Extra.(*messages.Error); ok {
			return public(), "", e
		}
	}
	t.Fatal(diags)
	return "", "", nil
}

// check runs the project and compares.
func (c edgeCase) check(t *testing.T) {
	t.Helper()
	got, outcome, err := c.run(t, t.TempDir())
	if c.err == nil {
		if err != nil || outcome != pipelines.Published {
			t.Fatalf("%s: %v", outcome, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
		return
	}
	if !messages.Has(err, c.err) {
		t.Fatalf("%s, %v, want %s:\n%s", outcome, err, c.err.Code, got)
	}
	if got != "" {
		t.Errorf("it published\n%s", got)
	}
	e := messages.Find(err)
	for name, want := range c.params {
		if got := e.Param(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, l := range []messages.Lang{messages.English, messages.French} {
		if e.Remedy(l) == "" || strings.Contains(e.What(l), canaryName) || strings.Contains(e.What(l), "NaN") {
			t.Errorf("it says %q, and to do %q", e.What(l), e.Remedy(l))
		}
	}
}

// quasi is a policy of one column and a model.
func quasi(how, model string) string {
	return fmt.Sprintf("quasi \"q\" {\n%s\n}\nmodel {\n%s\n}", how, model)
}

// households is a table of sums of households by commune.
func households(rows string, fromTotal string, clear string) edgeCase {
	return edgeCase{types: "revenu = decimal(12, 2)", rows: "commune,foyer,revenu\n" + rows + fromTotal,
		steps:  "transform \"aggregate\" \"a\" {\ngroup_by = [\"commune\"]\nsubject = \"foyer\"\ncolumns = { revenus = sum(row.revenu) }\n}",
		policy: "public = [\"commune\"]\nclear \"revenus\" {\nsubject = \"foyer\"\n" + clear + "\n}"}
}

// repeat is so many rows, in which # is the number of the row.
func repeat(n int, row string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(row, "#", strconv.Itoa(i)) + "\n")
	}
	return b.String()
}

func (c edgeCase) named(name, want string, err *messages.Message) edgeCase {
	c.name, c.want, c.err = name, want, err
	return c
}

const (
	abc    = "a;x;*\nb;x;*\nc;y;*\n"
	inFile = "hierarchy_file = \"h.csv\""
)

var ofABC = map[string]string{"h.csv": abc}

// edges are the checklist of the specification (privacy.md, §19), in its order and words.
var edges = []edge{
	{says: "empty input", cases: []edgeCase{
		{name: "refused", policy: quasi(inFile, "k = 2"), files: ofABC, rows: "q\n", err: messages.ZeroRows},
		{name: "wanted", settings: "allow_empty = true", policy: quasi(inFile, "k = 2"), files: ofABC, rows: "q\n", want: "q\n"},
		{name: "ranges of groups", policy: quasi("", "k = 2\nsearch = \"mondrian\""), rows: "q\n", err: messages.ZeroRows},
		{name: "means", types: "m = int64", policy: "microaggregate \"g\" {\ncolumns = [\"m\"]\nk = 2\n}", rows: "m\n", err: messages.ZeroRows},
	}},
	{says: "all rows suppressed (must error, not NaN)", cases: []edgeCase{
		{name: "within the limit", policy: quasi("", "k = 2\nsuppression_limit = 1"), rows: "q\na\nb\nc\n", err: messages.AllSuppressed},
		{name: "beyond it", policy: quasi("", "k = 2\nsuppression_limit = 0.5"), rows: "q\na\nb\nc\n", err: messages.NoLevels, params: map[string]string{"suppressed": "3", "limit": "1"}},
		{name: "by who is asked for", policy: "subject = \"nom\"\nidentifier \"nom\" { action = \"drop\" }\n" + quasi("", "k = 2\nsuppression_limit = 1"), rows: "q,nom\na,P1\na,P1\nb,P2\nb,P2\n", err: messages.AllSuppressed},
	}},
	{says: "k > N", cases: []edgeCase{
		{name: "rows", policy: quasi(inFile, "k = 3"), files: ofABC, rows: "q\na\na\n", err: messages.TooFewRows, params: map[string]string{"rows": "2", "least": "3"}},
		{name: "ranges of groups", policy: quasi("", "k = 3\nsearch = \"mondrian\""), rows: "q\na\na\n", err: messages.TooFewRows},
		{name: "means", types: "m = int64", policy: "microaggregate \"g\" {\ncolumns = [\"m\"]\nk = 3\n}", rows: "m\n1\n2\n", err: messages.TooFewRows},
	}},
	{says: "one class", cases: []edgeCase{
		{name: "as it is", policy: quasi(inFile, "k = 2"), files: ofABC, rows: "q\na\na\n", want: "q\na\na\n"},
		{name: "at the top", policy: quasi(inFile, "k = 3"), files: ofABC, rows: "q\na\nb\nc\n", want: "q\n*\n*\n*\n"},
		{name: "ranges of groups", types: "q = int64", policy: quasi("", "k = 2\nsearch = \"mondrian\""), rows: "q\n1\n7\n3\n", want: "q\n\"[1, 7]\"\n\"[1, 7]\"\n\"[1, 7]\"\n"},
	}},
	{says: "all-null QI", cases: []edgeCase{
		{name: "texts", policy: "public = [\"n\"]\n" + quasi(inFile, "k = 2"), files: ofABC, rows: "q,n\n,1\n,2\n", want: "q,n\n,1\n,2\n"},
		{name: "numbers", types: "q = int64", policy: "public = [\"n\"]\n" + quasi("bands = [0, 10]", "k = 2"), rows: "q,n\n,1\n,2\n", want: "q,n\n,1\n,2\n"},
		{name: "ranges of groups", types: "q = int64", policy: "public = [\"n\"]\n" + quasi("", "k = 2\nsearch = \"mondrian\""), rows: "q,n\n,1\n,2\n", want: "q,n\n,1\n,2\n"},
	}},
	{says: "null rule as in §8", cases: []edgeCase{
		{name: "null is a value", policy: "public = [\"n\"]\n" + quasi(inFile, "k = 2\nsuppression_limit = 0.34"), files: ofABC, rows: "q,n\n,1\na,2\na,3\n", want: "q,n\na,2\na,3\n"},
		{name: "and goes to * at last", policy: quasi(inFile, "k = 2"), files: ofABC, rows: "q,n\n,1\na,2\na,3\n", want: "q\n*\n*\n*\n"},
		{name: "the empty text is another", format: "null = [\"NC\"]", policy: "public = [\"n\"]\n" + quasi("", "k = 2\nsuppression_limit = 0.5"), rows: "q,n\n,1\n,2\nNC,3\na,4\n", want: "q,n\n\"\",1\n\"\",2\n"},
		{name: "own value", policy: "quasi \"r\" {}\n" + quasi("", "k = 2\nsuppression_limit = 0.5"), rows: "q,r\na,x\na,\nb,y\n,y\n", err: messages.NoLevels, params: map[string]string{"suppressed": "4"}},
		{name: "wildcard", policy: "quasi \"r\" {}\n" + quasi("", "k = 2\nnull_match = \"wildcard\""), rows: "q,r\na,x\na,\nb,y\n,y\n", want: "q,r\na,x\nb,y\n,y\na,\n"},
	}},
	{says: "value missing from a hierarchy (error listing the values, never pass through)", cases: []edgeCase{ // a log is no place for values: how many, and the first row
		{name: "of a file", policy: quasi(inFile, "k = 2"), files: ofABC, rows: "q\na\n" + canaryName + "\n" + canaryName + " 2\n" + canaryName + "\n", err: messages.HierarchyLacks, params: map[string]string{"values": "2", "rows": "3", "row": "2"}},
		{name: "of bands", types: "q = int64", policy: quasi("bands = [0, 10]", "k = 2"), rows: "q\n3\n-1\n12\n", err: messages.HierarchyLacks, params: map[string]string{"values": "2", "rows": "2", "row": "2"}},
		{name: "of places", policy: quasi("hierarchy = [\"departement\"]", "k = 2"), rows: "q\n35000\n35000\n96000\n", err: messages.HierarchyLacks, params: map[string]string{"values": "1", "row": "3"}},
		{name: "of closeness", policy: "sensitive \"s\" {\ncloseness {\nt = 0.5\ndistance = \"hierarchical\"\nhierarchy_file = \"h.csv\"\n}\n}\n" + quasi("", "k = 2"), files: ofABC, rows: "q,s\na,a\na," + canaryName + "\n", err: messages.HierarchyLacks, params: map[string]string{"values": "1"}},
		{name: "of the population", policy: quasi(inFile, "k_map = 2\npopulation { file = \"p.csv\" }"), files: map[string]string{"h.csv": abc, "p.csv": "q\na\na\n" + canaryName + "\n"}, rows: "q\na\n", err: messages.PopulationValue, params: map[string]string{"line": "4"}},
	}},
	{says: "hierarchy not nested (a level splits a lower one): reject", cases: []edgeCase{
		{name: "of a file", policy: quasi(inFile, "k = 2"), files: map[string]string{"h.csv": "a;x;p;*\nb;x;q;*\n"}, rows: "q\na\n", err: messages.HierarchySplits, params: map[string]string{"line": "2"}},
		{name: "of two tops", policy: quasi(inFile, "k = 2"), files: map[string]string{"h.csv": "a;x;*\nb;x;y\n"}, rows: "q\na\n", err: messages.HierarchySplits, params: map[string]string{"line": "2"}},
		{name: "of steps", types: "q = int64", policy: quasi("steps = [4, 6]", "k = 2"), rows: "q\n1\n", err: messages.WidthsNotNested},
	}},
	{says: "duplicate leaf", cases: []edgeCase{
		{name: "csv", policy: quasi(inFile, "k = 2"), files: map[string]string{"h.csv": "a;*\nb;*\na;*\n"}, rows: "q\na\n", err: messages.HierarchyTwice, params: map[string]string{"line": "3"}},
		{name: "hrc", policy: quasi("hierarchy_file = \"h.hrc\"", "k = 2"), files: map[string]string{"h.hrc": "A\n@1\nB\n@1\n"}, rows: "q\n1\n", err: messages.HierarchyTwice, params: map[string]string{"line": "4"}},
	}},
	{says: "`*` literal in the data", cases: []edgeCase{
		{name: "beside a hierarchy", policy: quasi(inFile, "k = 2"), files: ofABC, rows: "q\na\n*\n*\n", err: messages.HierarchyLacks, params: map[string]string{"values": "1", "rows": "2", "row": "2"}},
		{name: "and in it", policy: quasi(inFile, "k = 2"), files: map[string]string{"h.csv": "a;*\n*;*\n"}, rows: "q\na\n*\n", err: messages.StarInData},
		{name: "where nothing becomes *", policy: quasi("", "k = 2"), rows: "q\n*\n*\n", want: "q\n*\n*\n"},
		{name: "ranges of groups", policy: quasi("", "k = 2\nsearch = \"mondrian\""), rows: "q\na\na\n*\n*\n", err: messages.StarInData},
	}},
	{says: "Unicode and case variants", cases: []edgeCase{
		{name: "case makes another value", policy: quasi("", "k = 2\nsuppression_limit = 0.34"), rows: "q\nVoirie\nVoirie\nvoirie\n", want: "q\nVoirie\nVoirie\n"},
		{name: "accents in two forms", policy: quasi("", "k = 2\nsuppression_limit = 0.34"), rows: "q\n\u00e9\n\u00e9\ne\u0301\n", want: "q\n\u00e9\n\u00e9\n"},
		{name: "a hierarchy has one of them", policy: quasi(inFile, "k = 2"), files: map[string]string{"h.csv": "\u00e9;*\n"}, rows: "q\n\u00e9\ne\u0301\n", err: messages.HierarchyLacks, params: map[string]string{"values": "1", "row": "2"}},
		{name: "one person however written", policy: "subject = \"nom\"\nidentifier \"nom\" {\naction = \"surrogate\"\nkey = secret.cle\nrotate = \"per_release\"\n}\n" + quasi("", "k = 2\nsuppression_limit = 0.5"),
			rows: "q,nom\na,Zo\u00e9\na,ZOE\u0301\nb,Zo\u00e9\nb,Jean\n", want: "q,nom\nb,1\nb,2\n"},
	}},
	{says: "float QIs (NaN, −0)", cases: []edgeCase{
		{name: "NaN is no number of a CSV", types: "q = float64", policy: quasi("", "k = 2"), rows: "q\n1\nNaN\n1\n", err: messages.TooManyRejects},
		{name: "-0 is 0", types: "q = float64, n = int64", policy: "public = [\"n\"]\n" + quasi("", "k = 2"), rows: "q,n\n0,1\n-0,2\n", want: "q,n\n0,1\n0,2\n"},
		{name: "-0 is in a band", types: "q = float64", policy: quasi("bands = [0, 10]\nmin_level = 1", "k = 2"), rows: "q\n-0\n0\n", want: "q\n0 à moins de 10\n0 à moins de 10\n"},
		{name: "ranges of groups", types: "q = float64", policy: quasi("", "k = 2\nsearch = \"mondrian\""), rows: "q\n-0\n0\n", want: "q\n0\n0\n"},
	}, also: func(t *testing.T) { // of sources that have it
		tb, err := pipelinetest.ParseTable("q:float64\nNaN\n1.5\nNaN\n")
		if err != nil {
			t.Fatal(err)
		}
		d := deal{batch: 2, workers: 2, memory: "1GiB"}
		got, report := d.published(t, tb, "", quasi("", "k = 2\nsuppression_limit = 0.34"), nil)
		if want := "q\r\nNaN\r\nNaN\r\n"; got["agents.csv"] != want {
			t.Errorf("%v: got %q, want %q", report.Tasks[0].Err, got["agents.csv"], want)
		}
		got, report = d.published(t, tb, "", quasi("bands = [0, 10]", "k = 2"), nil)
		if e := report.Tasks[0].Err; !messages.Has(e, messages.HierarchyLacks) || messages.Find(e).Param("rows") != "2" || messages.Find(e).Param("row") != "1" || len(got) > 0 {
			t.Errorf("NaN in a band: %v, %q", e, got)
		}
	}},
	{says: "date time zone", cases: []edgeCase{
		{name: "of Paris", types: "q = timestamp", policy: quasi("period = \"month\"\nmin_level = 1\nzone = \"Europe/Paris\"", "k = 2"), rows: "q\n2024-01-31T23:30:00Z\n2024-02-10T12:00:00Z\n", want: "q\n2024-02\n2024-02\n"},
		{name: "of la Réunion", types: "q = timestamp", policy: quasi("period = \"year\"\nmin_level = 1\nzone = \"Indian/Reunion\"", "k = 2"), rows: "q\n2023-12-31T20:00:00Z\n2024-02-10T12:00:00Z\n", want: "q\n2024\n2024\n"},
		{name: "of nowhere", types: "q = timestamp", policy: quasi("period = \"month\"", "k = 2"), rows: "q\n2024-01-31T23:30:00Z\n", err: messages.UnknownZone},
		{name: "of an offset", types: "q = timestamp", policy: quasi("period = \"month\"\nmin_level = 1\nzone = \"UTC\"", "k = 2"), rows: "q\n2024-02-01T00:30:00+02:00\n2024-01-10T12:00:00Z\n", want: "q\n2024-01\n2024-01\n"},
	}},
	{says: "postcode leading zeros", cases: []edgeCase{
		{name: "as it is", policy: quasi("", "k = 2"), rows: "q\n01000\n01000\n1000\n1000\n", want: "q\n01000\n01000\n1000\n1000\n"},
		{name: "of a département", policy: quasi("hierarchy = [\"departement\"]\nmin_level = 1", "k = 2"), rows: "q\n01000\n01240\n", want: "q\nAin (01)\nAin (01)\n"},
		{name: "lost", policy: quasi("hierarchy = [\"departement\"]", "k = 2"), rows: "q\n01000\n1000\n", err: messages.HierarchyLacks, params: map[string]string{"row": "2"}},
	}},
	{says: "Corsica 2A / 2B versus 20", cases: []edgeCase{
		{name: "postcodes", policy: quasi("hierarchy = [\"departement\", \"region\"]\nmin_level = 1", "k = 2"), rows: "q\n20000\n20137\n20200\n20600\n", want: "q\nCorse-du-Sud (2A)\nCorse-du-Sud (2A)\nHaute-Corse (2B)\nHaute-Corse (2B)\n"},
		{name: "INSEE codes", policy: quasi("code = \"insee\"\nhierarchy = [\"departement\", \"region\"]\nmin_level = 1", "k = 2"), rows: "q\n2A004\n2A041\n2B033\n2B050\n", want: "q\nCorse-du-Sud (2A)\nCorse-du-Sud (2A)\nHaute-Corse (2B)\nHaute-Corse (2B)\n"},
		{name: "one region", policy: quasi("code = \"insee\"\nhierarchy = [\"departement\", \"region\"]\nmin_level = 1", "k = 4"), rows: "q\n2A004\n2A041\n2B033\n2B050\n", want: "q\nCorse\nCorse\nCorse\nCorse\n"},
		{name: "codes of before 1976 are of one or the other", policy: quasi("code = \"insee\"\nhierarchy = [\"departement\", \"region\"]\nmin_level = 1", "k = 2"), rows: "q\n20004\n20041\n", want: "q\nCorse-du-Sud (2A) ou Haute-Corse (2B)\nCorse-du-Sud (2A) ou Haute-Corse (2B)\n"},
		{name: "and of no département that has another", policy: quasi("code = \"insee\"\nhierarchy = [\"departement\", \"region\"]", "k = 2"), rows: "q\n2A004\n20004\n", want: "q\nCorse\nCorse\n"},
	}},
	{says: "subject spanning classes", cases: []edgeCase{
		{name: "counts once in each", policy: "subject = \"nom\"\nidentifier \"nom\" { action = \"drop\" }\n" + quasi("", "k = 3\nsuppression_limit = 0.5"), rows: "q,nom\na,P1\na,P1\na,P1\nb,P1\nb,P2\nb,P3\n", want: "q\nb\nb\nb\n"},
		{name: "and is told by all of them", policy: "subject = \"nom\"\nidentifier \"nom\" {\naction = \"surrogate\"\nkey = secret.cle\nrotate = \"per_release\"\n}\n" + quasi("", "k = 2\nsuppression_limit = 0.5"), rows: "q,nom\na,P1\nb,P1\na,P2\nb,P2\na,P3\nb,P4\n", want: "q,nom\na,1\na,2\nb,1\nb,2\n"},
	}},
	{says: "weights", cases: []edgeCase{
		{name: "of the population", policy: quasi("", "k_map = 2\nsuppression_limit = 0.5\npopulation {\nfile = \"p.csv\"\nweight = \"n\"\n}"), files: map[string]string{"p.csv": "q;n\na;3\nb;1\nc;4294967295\n"}, rows: "q\na\nb\n", want: "q\na\n"},
		{name: "of nobody", policy: quasi("", "k_map = 2\nsuppression_limit = 0.5\npopulation {\nfile = \"p.csv\"\nweight = \"n\"\n}"), files: map[string]string{"p.csv": "q;n\na;-3\n"}, rows: "q\na\n", err: messages.PopulationLine, params: map[string]string{"line": "2"}},
	}},
	{says: "ties", cases: []edgeCase{
		{name: "the first column stays", policy: "quasi \"q\" { hierarchy_file = \"h.csv\" }\nquasi \"r\" { hierarchy_file = \"h.csv\" }\nmodel { k = 2 }", files: map[string]string{"h.csv": "a;*\nb;*\n"}, rows: "q,r\na,a\na,b\nb,a\nb,b\n", want: "q,r\na,*\na,*\nb,*\nb,*\n"},
		{name: "of the policy", policy: "quasi \"r\" { hierarchy_file = \"h.csv\" }\nquasi \"q\" { hierarchy_file = \"h.csv\" }\nmodel { k = 2 }", files: map[string]string{"h.csv": "a;*\nb;*\n"}, rows: "q,r\na,a\na,b\nb,a\nb,b\n", want: "q,r\n*,a\n*,a\n*,b\n*,b\n"},
		{name: "fewer rows are suppressed", policy: quasi(inFile, "k = 2\nsuppression_limit = 1\nmetric = \"class-size\""), files: map[string]string{"h.csv": "a;x;*\nb;y;*\nc;y;*\n"}, rows: "q\na\na\na\nb\nc\n", want: "q\nx\nx\nx\ny\ny\n"},
		{name: "the lower level", policy: quasi(inFile, "k = 2\nmetric = \"discernibility\""), files: ofABC, rows: "q\na\na\n", want: "q\na\na\n"},
		{name: "of means", types: "m = int64", policy: "public = [\"n\"]\nmicroaggregate \"g\" {\ncolumns = [\"m\"]\nk = 2\n}", rows: "m,n\n0,1\n1,2\n2,3\n3,4\n", want: "m,n\n1,1\n1,2\n3,3\n3,4\n"},
	}},
	{says: "invariance to batch size, partition and thread count (byte-identical output)", also: func(t *testing.T) {
		for i, k := range shuffledKinds {
			k.memory = nil
			if sum := k.sameInAnyOrder(t, mathrand.New(mathrand.NewPCG(1, uint64(i))), 3); sum.published == 0 {
				t.Errorf("%s: nothing is published", k.name)
			}
		}
	}},
	{says: "spill on / off identical", also: func(t *testing.T) {
		for i, k := range shuffledKinds {
			k.memory = k.memory[1:2]
			var sum putAside
			for n := uint64(0); n < 20 && sum.counts+sum.rows == 0; n++ { // what does not fit depends on which worker counted it
				sum = k.sameInAnyOrder(t, mathrand.New(mathrand.NewPCG(2, uint64(i)<<8+n)), 2)
			}
			if sum.counts+sum.rows == 0 {
				t.Errorf("%s: nothing is put aside", k.name)
			}
		}
	}},
	{says: "re-reading our own output gives the same k", also: func(t *testing.T) {
		r := mathrand.New(mathrand.NewPCG(1, 1))
		c := edgeCase{types: "age = int64, entree = date", policy: "quasi \"age\" { steps = [10, 20] }\nquasi \"service\" {}\nquasi \"entree\" { period = \"year\" }\nmodel {\nk = 3\nsuppression_limit = 0.2\n}", rows: "age,service,entree\n"}
		for range 200 {
			c.rows += fmt.Sprintf("%d,%s,20%02d-0%d-01\n", 20+r.IntN(40), []string{"Voirie", "", "*"}[r.IntN(3)], 10+r.IntN(3), 1+r.IntN(9))
		}
		first, _, err := c.run(t, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		least := slices.Min(classSizes(t, first))
		again := edgeCase{policy: "quasi \"age\" {}\nquasi \"service\" {}\nquasi \"entree\" {}\nmodel { k = %d }", rows: first, want: first}
		for k, want := range map[int]*messages.Message{least: nil, least + 1: messages.NoLevels} {
			c := again
			c.policy, c.err = fmt.Sprintf(again.policy, k), want
			c.check(t)
		}
		if least < 3 || !strings.Contains(first, " à ") {
			t.Errorf("a class of %d in\n%s", least, first)
		}
	}},
	{says: "zero cells", cases: []edgeCase{
		households(repeat(11, "A,F#,0.00")+repeat(11, "B,F#,1.00"), "", "min_subjects = 11").named("of enough", "commune,revenus\nA,0.00\nB,11.00\n", nil),
		households(repeat(11, "A,F#,0.00")+repeat(11, "B,F#,1.00"), "", "preset = \"dgfip_persons\"").named("of which nobody has a part", "commune,revenus\nA,0.00\nB,11.00\n", nil),
		households("A,G,5.00\nA,H,-5.00\n"+repeat(11, "A,F#,0.00")+repeat(11, "B,F#,1.00"), "", "preset = \"dgfip_persons\"").named("of parts that cancel out", "commune,revenus\nA,\nB,11.00\n", nil),
		households(repeat(11, "A,,5.00")+repeat(11, "B,F#,1.00"), "", "min_subjects = 11").named("of nobody known", "commune,revenus\nA,\nB,11.00\n", nil),
	}},
	{says: "negative contributions", cases: []edgeCase{
		households("A,F,1000.00\n"+repeat(11, "A,F#,-90.00")+repeat(11, "B,F#,-1.00"), "", "preset = \"dgfip_persons\"").named("make a share greater", "commune,revenus\nA,\nB,-11.00\n", nil),
	}},
	{says: "single-respondent cells", cases: []edgeCase{
		households(repeat(20, "A,F,5.00")+repeat(11, "B,F#,1.00"), "", "min_subjects = 2").named("have no value", "commune,revenus\nA,\nB,11.00\n", nil),
		households(repeat(20, "A,F,5.00")+repeat(11, "B,F#,1.00"), repeat(11, "Total,F#,1.00")+"Total,F,100.00\n", "min_subjects = 2").named("beside their total", "", messages.MarginShown),
		households(repeat(20, "A,F,5.00")+repeat(11, "B,F#,1.00"), repeat(11, "Pays de C,F#,1.00")+"Pays de C,F,100.00\n", "min_subjects = 2").named("beside a sum of all", "", messages.LineShown),
	}},
	{says: "non-additive input", cases: []edgeCase{
		households(repeat(20, "A,F,5.00")+repeat(11, "B,F#,1.00"), repeat(11, "Ensemble,F#,1.00")+"Ensemble,F,99.99\n", "min_subjects = 2").named("a total that is rounded", "", messages.MarginShown),
		func() edgeCase {
			c := households(repeat(20, "A,F,0.1")+repeat(11, "B,F#,0.7"), "C,F,2\n"+repeat(11, "C,F#,0.7"), "min_subjects = 2")
			c.types = "revenu = float64"
			return c.named("floats that were added in another order", "", messages.LineShown)
		}(),
	}},
	{says: "release N versus N+1 differencing", also: func(t *testing.T) {
		dir := t.TempDir()
		c := edgeCase{policy: "public = [\"n\"]\n" + quasi("", "k = 3"), rows: "q,n\n" + repeat(3, "a,#") + repeat(4, "b,#")}
		first, outcome, err := c.run(t, dir)
		if err != nil || outcome != pipelines.Published {
			t.Fatal(outcome, err)
		}
		for _, next := range []struct {
			late int
			want pipelines.Outcome
		}{{0, pipelines.Unchanged}, {1, pipelines.Held}, {3, pipelines.Published}} {
			then := c
			then.rows += repeat(next.late, "b,9")
			got, outcome, err := then.run(t, dir)
			if outcome != next.want || err != nil || (got != first) != (outcome == pipelines.Published) {
				t.Errorf("%d late rows: %s, not %s: %v\n%s", next.late, outcome, next.want, err, got)
			}
		}
	}},
}

// badInput is what the issue asks for besides.
var badInput = []edge{
	{says: "more than 65,536 distinct values, more than 63 bits of packed key", also: func(t *testing.T) {
		const n = 1<<16 + 2
		var b, want strings.Builder
		b.WriteString("a,b,c,d\n")
		want.WriteString("a,b,c,d\n")
		for i := range 2 * n {
			fmt.Fprintf(&b, "%06d,%06d,%06d,%06d\n", i/2, i/2*3%n, i/2*5%n, i/2*7%n)
		}
		want.WriteString(strings.SplitN(b.String(), "\n", 2)[1])
		edgeCase{policy: "quasi \"a\" {}\nquasi \"b\" {}\nquasi \"c\" {}\nquasi \"d\" {}\nmodel { k = 2 }", rows: b.String(), want: want.String()}.check(t)
	}},
	{says: "key missing: nothing runs", cases: []edgeCase{
		{name: "no key", environ: []string{}, policy: "subject = \"nom\"\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\n" + quasi("", "k = 2"), rows: "q,nom\na,P1\na,P2\n", err: messages.SecretNotSet},
		{name: "a key that is none", environ: []string{"LAVOIR_TEST_ROOT=court"}, policy: "subject = \"nom\"\nidentifier \"nom\" {\naction = \"pseudonym\"\nkey = secret.cle\nrotate = \"per_release\"\n}\n" + quasi("", "k = 2"), rows: "q,nom\na,P1\na,P2\n", err: messages.WeakKey},
	}},
	{says: "a policy naming an unknown column", cases: []edgeCase{
		{name: "before anything is read", source: "contract = contract.c", files: map[string]string{"c.hcl": "contract \"c\" {\non_added = \"fail\"\ncolumn \"q\" { type = text }\n}\n"}, policy: "public = [\"rien\"]\n" + quasi("", "k = 2"), rows: "", err: messages.UnknownColumn, params: map[string]string{"column": "rien"}},
		{name: "public", policy: "public = [\"rien\"]\n" + quasi("", "k = 2"), rows: "q\na\na\n", err: messages.UnknownColumnHere, params: map[string]string{"column": "rien"}},
		{name: "quasi", policy: "quasi \"rien\" {}\n" + quasi("", "k = 2"), rows: "q\na\na\n", err: messages.UnknownColumnHere, params: map[string]string{"column": "rien"}},
		{name: "subject", policy: "subject = \"rien\"\n" + quasi("", "k = 2"), rows: "q\na\na\n", err: messages.UnknownColumnHere, params: map[string]string{"column": "rien"}},
	}},
}

// classSizes are the numbers of rows that are alike.
func classSizes(t *testing.T, text string) []int {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, row := range rows[1:] {
		counts[strings.Join(row, "\x00")]++
	}
	var sizes []int
	for _, n := range counts {
		sizes = append(sizes, n)
	}
	return sizes
}

// Every case of the specification's checklist, and what else the issue calls bad input, by
// what a run publishes or says.
func TestEdgeCases(t *testing.T) {
	t.Parallel()
	for n, e := range slices.Concat(edges, badInput) {
		t.Run(fmt.Sprintf("%02d %s", n+1, e.says), func(t *testing.T) {
			for _, c := range e.cases {
				t.Run(c.name, func(t *testing.T) { c.check(t) })
			}
			if e.also != nil {
				e.also(t)
			}
			if len(e.cases) == 0 && e.also == nil {
				t.Error("nothing shows it")
			}
		})
	}
}

// The table has every case of the checklist, in its order.
func TestEdgeCasesAreThoseOfTheSpecification(t *testing.T) {
	if len(edges) != 26 {
		t.Errorf("%d cases, and the checklist has 26", len(edges))
	}
	text, err := os.ReadFile(filepath.FromSlash("../../../shared/knowledge/privacy.md"))
	if err != nil {
		t.Skip("the specification is not here:", err)
	}
	_, list, ok := strings.Cut(string(text), "\n## 19. Edge-case checklist\n")
	list, _, end := strings.Cut(list, "\n---")
	if !ok || !end {
		t.Fatal("the specification has no such list")
	}
	var want, got []string
	for _, line := range strings.Split(strings.TrimSpace(list), "\n") {
		line = strings.TrimPrefix(line, "- [ ] ")
		between := "; "
		if !strings.Contains(line, between) {
			between = ", "
		}
		want = append(want, strings.Split(line, between)...)
	}
	for _, e := range edges {
		got = append(got, e.says)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
