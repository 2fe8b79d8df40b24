package sql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func TestParseQuery(t *testing.T) {
	both := []*dialect{&postgresDialect, &sqliteDialect}
	pg, lite := both[:1], both[1:]
	for _, c := range []struct {
		in    []*dialect
		query string
		text  string // in PostgreSQL's form; "" is as it is
		names []string
		err   *messages.Message
	}{
		{in: pg, query: "select * from t where a = @a", text: "select * from t where a = $1", names: []string{"a"}},
		{in: lite, query: "select * from t where a = @a", names: []string{"a"}},
		{in: pg, query: "select @b, @a, @b", text: "select $1, $2, $1", names: []string{"b", "a"}},
		{in: pg, query: "select a=@a and b>@b", text: "select a=$1 and b>$2", names: []string{"a", "b"}},
		{in: pg, query: "select @année", text: "select $1", names: []string{"année"}},
		{in: both, query: "select '@a', 'l''eau @b', \"@c\" from t"},
		{in: both, query: "select 1 -- @a ; drop\n from t"},
		{in: both, query: "/* @a ; */ select 1"},
		{in: pg, query: "select 1 /* a /* @b */ @c */"},
		{in: lite, query: "select 1 /* a /* @b */"},
		{in: lite, query: "select [l'eau @a], `@b` from t"},
		{in: pg, query: "select e'a\\'@b', $$ @c ' $$, $q$ @d $$ $q$"},
		{in: pg, query: "select a <@ b, a @> b, a @@ b, @ -5, a@b from t"},
		{in: pg, query: "select a <@b from t"},
		{in: pg, query: "select courriel = 'a@b.example'"},
		{in: both, query: "select 1;", text: "select 1 "},
		{in: both, query: "select 1 ; -- end", text: "select 1   -- end"},
		{in: both, query: "( select 1 )"},
		{in: both, query: "WITH a AS (SELECT 1) SELECT * FROM a"},
		{in: both, query: "values (1)"},
		{in: both, query: "select 'not closed @a"},
		{in: both, query: "", err: messages.QueryNotSelect},
		{in: both, query: " -- select\n", err: messages.QueryNotSelect},
		{in: both, query: "delete from t", err: messages.QueryNotSelect},
		{in: both, query: "'select'", err: messages.QueryNotSelect},
		{in: both, query: "select 1; select 2", err: messages.QueryNotSelect},
		{in: both, query: "select 1; 'x'", err: messages.QueryNotSelect},
		{in: both, query: "attach 'x' as y", err: messages.QueryNotSelect},
		{in: both, query: "pragma journal_mode", err: messages.QueryNotSelect},
		{in: both, query: "copy t to program 'x'", err: messages.QueryNotSelect},
		{in: both, query: "select $1", err: messages.ParamForeign},
		{in: lite, query: "select ?", err: messages.ParamForeign},
		{in: lite, query: "select :a", err: messages.ParamForeign},
		{in: pg, query: "select a::text, b[1:2], j ? 'k' from t"},
	} {
		for _, d := range c.in {
			q, err := d.parse(c.query)
			if c.err != nil {
				if !messages.Has(err, c.err) {
					t.Errorf("%s: %q: want %s, got %v", d.name, c.query, c.err.Code, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %q: %v", d.name, c.query, err)
				continue
			}
			want := c.text
			if want == "" {
				want = c.query
			}
			if q.text != want {
				t.Errorf("%s: %q: want %q, got %q", d.name, c.query, want, q.text)
			}
			if diff := cmp.Diff(c.names, q.names); diff != "" {
				t.Errorf("%s: %q: %s", d.name, c.query, diff)
			}
		}
	}
}

// What stands in quotes and comments is never taken for a parameter, and text
// outside of parameters is never changed.
func TestParseKeepsText(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", " ", "\n", "@p", "'@q'", "\"@r\"", "-- @s\n", "/* @t; */", "=", "1", "(", ")", "''", "é", ",", "<@", "@@"})
	rapid.Check(t, func(t *rapid.T) {
		query := "select " + strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), "")
		q, err := postgresDialect.parse(query)
		if err != nil {
			t.Fatal(err)
		}
		if back := strings.ReplaceAll(q.text, "$1", "@"+strings.Join(q.names, "+")); back != query && len(q.names) < 2 {
			t.Fatalf("%q became %q", query, q.text)
		}
		for _, n := range q.names {
			for _, hidden := range []string{"q", "r", "s", "t"} {
				if n == hidden {
					t.Fatalf("%q: @%s is quoted", query, n)
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("select e'\\'@a', $$@b$$ /* ' */ where c = @d;")
	f.Fuzz(func(t *testing.T, query string) {
		for _, d := range []*dialect{&postgresDialect, &sqliteDialect} {
			q, err := d.parse(query)
			if err == nil && d == &sqliteDialect && len(q.text) != len(query) {
				t.Fatalf("%q became %q", query, q.text)
			}
		}
	})
}
