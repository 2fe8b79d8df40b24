package pipelines

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// comparedBlock is the block of a format as far as a comparison looks at it.
type comparedBlock struct {
	Delimiter  string            `hcl:"delimiter,optional" doc:"Delimiter."`
	SkipFooter int64             `hcl:"skip_footer,optional" doc:"Footer."`
	Columns    []ColumnDecl      `hcl:"columns,optional" doc:"Columns."`
	Aliases    map[string]string `hcl:"aliases,optional" doc:"Aliases."`
	Names      string            `hcl:"names,optional" doc:"Names."`
}

// declared are columns written as "name type".
func declaredColumns(t interface{ Fatal(...any) }, columns ...string) (decls []ColumnDecl) {
	for _, c := range columns {
		name, text, _ := strings.Cut(c, " ")
		typ, err := ParseTypeText(text)
		if err != nil {
			t.Fatal(c, err)
		}
		decls = append(decls, ColumnDecl{Name: name, ColumnType: typ})
	}
	return decls
}

func guessedColumns(columns ...string) (cols []GuessColumn) {
	for _, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		cols = append(cols, GuessColumn{Name: name, Type: typ, Empty: typ == "?"})
	}
	return cols
}

func said(ds []Difference) string {
	var all []string
	for _, d := range ds {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", d.Kind, d.Name, d.Was, d.Is)))
	}
	return strings.Join(all, "; ")
}

func TestCompareFindsNewNames(t *testing.T) {
	for _, c := range []struct {
		name         string
		wanted, file []string
		undeclared   []string
		want         string
	}{
		{"the same", []string{"id int64", "nom text"}, []string{"id int64", "nom text"}, nil, ""},
		{"one is renamed", []string{"ID int64", "MT_TTC decimal(12, 2)", "LE date"}, []string{"ID int64", "MONTANT_TTC decimal(12, 2)", "LE date"}, nil,
			"renamed MT_TTC MT_TTC MONTANT_TTC"},
		{"case and punctuation", []string{"montant_ttc decimal(12, 2)", "id int64"}, []string{"id int64", "Montant_T.T.C. decimal(12, 2)"}, nil,
			"renamed montant_ttc montant_ttc Montant_T.T.C."},
		{"at its place and of another type", []string{"id int64", "a int64", "b text"}, []string{"id int64", "x text", "b text"}, nil, "missing a; added x"},
		{"a text is no number's new name", []string{"id int64", "a text"}, []string{"id int64", "x int64"}, nil, "missing a; added x"},
		{"an empty column has no type", []string{"id int64", "a date"}, []string{"id int64", "x ?"}, nil, "renamed a a x"},
		{"two in their turn", []string{"id int64", "a text", "b text", "z int64"}, []string{"id int64", "x text", "y text", "z int64"}, nil, "renamed a a x; renamed b b y"},
		{"fewer columns: alone of its type", []string{"id int64", "a date", "b text", "z int64"}, []string{"id int64", "x date", "z int64"}, nil, "renamed a a x; missing b"},
		{"fewer columns: not alone", []string{"id int64", "a text", "b text", "z int64"}, []string{"id int64", "x text", "z int64"}, nil, "missing a; missing b; added x"},
		{"elsewhere and much alike", []string{"montant decimal(12, 2)", "id int64"}, []string{"autre text", "id int64", "code text", "montants decimal(12, 2)"}, nil,
			"renamed montant montant montants; added autre; added code"},
		{"elsewhere, much alike and of another type", []string{"montant date", "id int64"}, []string{"id int64", "montants text"}, nil, "missing montant; added montants"},
		{"what nobody declares has no place", []string{"id int64"}, []string{"id int64", "libelle text"}, []string{"objet"}, "missing objet; added libelle"},
		{"what nobody declares and is much alike", []string{"id int64"}, []string{"id int64", "objets text"}, []string{"objet"}, "renamed objet objet objets"},
		{"another type", []string{"id int64", `le date("DD/MM/YYYY")`}, []string{"id int64", "le date"}, nil, `type le date("DD/MM/YYYY") date`},
		{"types that read more", []string{"a decimal(12, 2)", "b text", "c siret", "d int64"}, []string{"a int64", "b date", "c text", "d ?"}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			block := Built{Component: Define(KindFormat, "csv", "", comparedBlock{}, func(Env, comparedBlock) (any, error) { return nil, nil }),
				Config: comparedBlock{Columns: declaredColumns(t, c.wanted...)}}
			got := Compare(&Guess{Format: "csv", Columns: guessedColumns(c.file...)}, block, c.undeclared)
			if diff := cmp.Diff(c.want, said(got.Differences)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompareOptions(t *testing.T) {
	component := Define(KindFormat, "csv", "", comparedBlock{Delimiter: ","}, func(Env, comparedBlock) (any, error) { return nil, nil })
	block := Built{Component: component, Config: comparedBlock{Delimiter: ";", SkipFooter: 1, Aliases: map[string]string{"Montant": "mt"}, Names: "loose",
		Columns: declaredColumns(t, "mt int64", "Nom text")}}
	g := &Guess{Format: "csv", Columns: guessedColumns("MONTANT int64", "nom text")}
	if got := said(Compare(g, block, nil).Differences); got != `option delimiter ";" ","; option skip_footer 1 0` {
		t.Error(got)
	}
	g.Partial = true // how the file ends is not known
	if got := said(Compare(g, block, nil).Differences); got != `option delimiter ";" ","` {
		t.Error(got)
	}
	g.Format = "xlsx"
	c := Compare(g, block, nil)
	if got := said(c.Differences); got != "format format csv xlsx" || c.Only(ColumnRenamed) || c.Found != 2 {
		t.Error(got, c.Found)
	}
}

// Whatever columns there are: no column of the file is two of the pipeline's, every
// column of the pipeline is found or missing, and nothing depends on chance.
func TestComparePairsColumnsOnce(t *testing.T) {
	column := rapid.Custom(func(rt *rapid.T) string {
		return rapid.StringMatching(`[a-c]{1,3}`).Draw(rt, "name") + " " + rapid.SampledFrom([]string{"text", "int64", "date"}).Draw(rt, "type")
	})
	columns := rapid.SliceOfNDistinct(column, 0, 8, func(s string) string { name, _, _ := strings.Cut(s, " "); return name })
	rapid.Check(t, func(rt *rapid.T) {
		wanted, file := columns.Draw(rt, "wanted"), columns.Draw(rt, "file")
		block := Built{Component: Define(KindFormat, "csv", "", comparedBlock{}, func(Env, comparedBlock) (any, error) { return nil, nil }),
			Config: comparedBlock{Columns: declaredColumns(rt, wanted...)}}
		g := &Guess{Format: "csv", Columns: guessedColumns(file...)}
		c := Compare(g, block, nil)
		for range 3 {
			if diff := cmp.Diff(c, Compare(g, block, nil)); diff != "" {
				rt.Fatal(diff)
			}
		}
		taken := map[string]bool{}
		for _, d := range c.Of(ColumnRenamed) {
			if taken[d.Is] || slices.ContainsFunc(wanted, func(w string) bool { return strings.HasPrefix(w, d.Is+" ") }) {
				rt.Fatalf("%s is two columns", d.Is)
			}
			taken[d.Is] = true
		}
		if n := len(c.Columns) + len(c.Of(ColumnLacks)); n != len(wanted) {
			rt.Fatalf("%d columns of %d", n, len(wanted))
		}
		if len(wanted) > 0 && len(c.Columns)+len(c.Of(ColumnIsNew)) != len(file) {
			rt.Fatalf("%d columns of the file's %d", len(c.Columns)+len(c.Of(ColumnIsNew)), len(file))
		}
	})
}

// The variant that the rows decide for reads every row that another reads, and more,
// in whatever order the variants come; none is chosen that does not.
func TestRowsDecide(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(rt, "variants")
		reads := make([]map[int64]bool, n)
		all := make([]firstLines, n)
		horizon := int64(1 << 40)
		for i := range all {
			reads[i] = map[int64]bool{}
			all[i] = firstLines{task: Task{Variant: fmt.Sprint(i)}, last: rapid.Int64Range(3, 8).Draw(rt, "last")}
			for line := int64(2); line <= all[i].last; line++ {
				if rapid.IntRange(0, 3).Draw(rt, "reads") > 0 {
					all[i].lines, reads[i][line] = append(all[i].lines, line), true
				}
			}
			horizon = min(horizon, all[i].last)
		}
		want := ""
		for i := range all {
			best := n > 1
			for j := range all {
				more, less := false, false
				for line := int64(2); line <= horizon; line++ {
					more = more || reads[i][line] && !reads[j][line]
					less = less || !reads[i][line] && reads[j][line]
				}
				best = best && (i == j || more && !less)
			}
			if best {
				want = all[i].task.Variant
			}
		}
		perm := rapid.Permutation(all).Draw(rt, "order")
		got := ""
		if i := readsAllOf(perm); i >= 0 {
			got = perm[i].task.Variant
		}
		if got != want {
			rt.Fatalf("%q, want %q", got, want)
		}
	})
}
