package hclfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

type lentOptions struct {
	Decimal string `hcl:"decimal,optional" doc:"A mark."`
}

type borrowing struct {
	Fields []pipelines.NamedText `hcl:"fields" doc:"Fields."`
	lentOptions
}

// The canonical text has the arguments that an embedded struct lends, and texts
// under names in the order they are written in.
func TestCanonicalHasEveryArgument(t *testing.T) {
	c := pipelines.Define(pipelines.KindFormat, "x", "X.", borrowing{}, func(pipelines.Env, borrowing) (any, error) { return nil, nil })
	text := func(decimal string, fields ...pipelines.NamedText) string {
		b, _, _ := canonical(c, "", borrowing{Fields: fields, lentOptions: lentOptions{decimal}}, nil, fieldNames{}, "")
		return string(b)
	}
	a, b := pipelines.NamedText{Name: "a", Text: "1"}, pipelines.NamedText{Name: "b", Text: "2"}
	first := text(".", a, b)
	for _, other := range []string{text(",", a, b), text(".", b, a), text(".", a)} {
		if other == first {
			t.Errorf("two configurations are written alike: %s", first)
		}
	}
}

type named struct {
	File pipelines.ProjectFile `hcl:"file,optional" doc:"A file."`
}

// What a file of the project holds counts as configuration, wherever the project is.
func TestCanonicalHasFilesOfTheProject(t *testing.T) {
	c := pipelines.Define(pipelines.KindFormat, "x", "X.", named{}, func(pipelines.Env, named) (any, error) { return nil, nil })
	text := func(path, holds string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte(holds), 0o600); err != nil {
			t.Fatal(err)
		}
		b, _, _ := canonical(c, "", named{pipelines.ProjectFile(path)}, nil, fieldNames{}, dir)
		return string(b)
	}
	first := text("a.csv", "x;*\n")
	if again := text("a.csv", "x;*\n"); again != first {
		t.Errorf("one configuration is written in two ways: %s, %s", first, again)
	}
	for _, other := range []string{text("a.csv", "x;y;*\n"), text("./a.csv", "x;*\n"), text("b.csv", "x;*\n"), text("", "x;*\n")} {
		if other == first || !json.Valid([]byte(other)) {
			t.Errorf("not another configuration: %s", other)
		}
	}
}

type naming struct {
	Names   pipelines.PrivateFile `hcl:"names,optional" doc:"Names."`
	Table   pipelines.ProjectFile `hcl:"table,optional" doc:"A table."`
	Objects pipelines.PersonsFile `hcl:"objects,optional" doc:"Who objects."`
}

// What a file with persons holds counts as configuration; no hash that is public is made of
// it, and who is on a list changes no policy (invariant 11).
func TestCanonicalKeepsPersonsApart(t *testing.T) {
	c := pipelines.Define(pipelines.KindFormat, "x", "X.", naming{}, func(pipelines.Env, naming) (any, error) { return nil, nil })
	type texts struct{ config, policy, public string }
	text := func(names, table, objects string) texts {
		dir := t.TempDir()
		for file, holds := range map[string]string{"n": names, "t": table, "o": objects} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(holds), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b, _, parts := canonical(c, "", naming{"n", "t", "o"}, nil, fieldNames{}, dir)
		all := texts{string(b), string(cut(b, parts, func(k kept) bool { return k.list })), string(cut(b, parts, func(kept) bool { return true }))}
		for _, s := range []string{all.config, all.policy, all.public} {
			if !json.Valid([]byte(s)) {
				t.Errorf("not JSON: %s", s)
			}
		}
		return all
	}
	first := text("Vermeillac", "x;*", "AAAA")
	names, table, objects := text("Rouvraintel", "x;*", "AAAA"), text("Vermeillac", "y;*", "AAAA"), text("Vermeillac", "x;*", "BBBB")
	for what, wrong := range map[string]bool{
		"names":       names.config == first.config || names.policy == first.policy || names.public != first.public,
		"table":       table.config == first.config || table.policy == first.policy || table.public == first.public,
		"who objects": objects.config == first.config || objects.policy != first.policy || objects.public != first.public,
	} {
		if wrong {
			t.Errorf("other %s are not told as they are to be", what)
		}
	}
}
