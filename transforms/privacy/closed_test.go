package privacy

import (
	"strconv"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Invariant 4: a rule that shows what nobody has seen yet is refused before it runs.
func TestRulesSayWhatMayBeRead(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "type", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "siret", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "montant", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "code", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "physique", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "prix", Type: &arrow.Decimal128Type{Precision: 12, Scale: 2}, Nullable: true},
	}, nil)
	for condition, open := range map[string]bool{
		`contains(["ASSO"], row.type)`:                                                false,
		`row.type == "ASSO"`:                                                          false,
		`is_siret(row.siret)`:                                                         false,
		`row.montant > 23000`:                                                         false,
		`row.montant < 23000`:                                                         false,
		`row.code == 3`:                                                               false,
		`row.code == row.montant`:                                                     false,
		`row.code >= row.montant`:                                                     false,
		`row.code <= row.montant`:                                                     false,
		`row.code - row.montant == 1`:                                                 false,
		`row.code != 3`:                                                               true,
		`!contains([1, 2], row.code)`:                                                 true,
		`row.code != 3 && row.type != "PP"`:                                           true,
		`row.type == "ASSO" && row.montant > 0`:                                       false,
		`coalesce(row.type, "PP") == "ASSO"`:                                          false,
		`row.type != "PP"`:                                                            true,
		`row.type != "PP" && row.siret == "1"`:                                        true,
		`row.siret == "1" && !contains(["PP", "SARL"], row.type)`:                     true,
		`row.siret == "1" && lower(row.type) != "pp" && row.nom != "x"`:               true,
		`row.siret == "1" && lookup({PP = "non"}, row.type, "oui") == "oui"`:          true,
		`row.siret == "1" && row.code != 3`:                                           true,
		`row.siret == "1" && row.type == null || row.type == "ASSO"`:                  true,
		`row.siret == "1" || row.type == "ASSO"`:                                      false,
		`row.siret == "1" && row.code != 0 && row.montant > 23`:                       false,
		`row.type == "ASSO" && row.siret != ""`:                                       false,
		`row.type == "ASSO" && row.nom != "x"`:                                        false,
		`contains(["ASSO", "PUBLIC"], row.type) && (row.code == 1 || row.code == 2)`:  false,
		`row.type == "ASSO" ? row.code > 3 : row.siret == "1"`:                        true,
		`contains(["A", "B", "C"], row.type) && contains(["D", "E", "F"], row.siret)`: false,
		`!contains(["PP"], row.type)`:                                                 true,
		`row.type == "ASSO" || row.siret != ""`:                                       true,
		`row.type == null`:                                                            true,
		`coalesce(row.type, "ASSO") == "ASSO"`:                                        true,
		`row.type == "PP" ? false : true`:                                             true,
		`row.siret == "1" && !row.physique`:                                           false,
		`row.siret == "1" && row.physique == false`:                                   false,
		`row.siret == "1" && !coalesce(row.physique, false)`:                          true,
		`row.siret == "1" && (row.physique == null || !row.physique)`:                 true,
		`row.siret == "1" && row.prix > 23000`:                                        false,
		`row.siret == "1" && row.prix != 0`:                                           false,
		`row.siret == "1" && row.prix != 12`:                                          true,
		`row.siret == "1" && coalesce(row.prix, 23001) > 23000`:                       true,
		`true`:                               true,
		`length(coalesce(row.type, "")) > 0`: true,
	} {
		e, diags := hclsyntax.ParseExpression([]byte(condition), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(condition, diags)
		}
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		p := policy{env: pipelines.Env{Allocator: mem}, policyConfig: policyConfig{Public: []string{"type"},
			Identifiers: []identifierConfig{{Column: "nom", ClearWhen: pipelines.Expression{Expression: e}, Otherwise: "x"}}}}
		_, err := p.Bind(schema)
		if refused := messages.Has(err, messages.OpenRule) || messages.Has(err, messages.OpenBeside); refused != open || !open && err != nil {
			t.Errorf("%s: %v, want refused %t", condition, err, open)
		}
		mem.AssertSize(t, 0)
	}
}

// A condition may ask any number of columns, each of which would double what is asked.
func TestConditionsThatAskManyColumns(t *testing.T) {
	fields := []arrow.Field{{Name: "nom", Type: arrow.BinaryTypes.String, Nullable: true}}
	condition := `row.c0 == "a"`
	for i := range 40 {
		name := "c" + strconv.Itoa(i)
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
		if i > 0 {
			condition += " && row." + name + ` != ""`
		}
	}
	e, diags := hclsyntax.ParseExpression([]byte(condition), "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p := policy{env: pipelines.Env{Allocator: memory.NewGoAllocator()}, policyConfig: policyConfig{Public: []string{"c0"},
		Identifiers: []identifierConfig{{Column: "nom", ClearWhen: pipelines.Expression{Expression: e}, Otherwise: "x"}}}}
	if _, err := p.Bind(arrow.NewSchema(fields, nil)); err != nil {
		t.Fatal(err)
	}
}
