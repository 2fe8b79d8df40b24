package privacy_test

import (
	"context"
	"encoding/csv"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/trial"
	"github.com/lavoir-data/lavoir/transforms/privacy"
)

type secret string

func (s secret) Reveal(context.Context, string) (string, error) { return string(s), nil }

const key = "une clé d'essai de trente-deux octets"

// pseudonyms are those of values of a column "id" under a configuration.
func pseudonyms(t *testing.T, env pipelines.Env, more string, values ...string) []string {
	t.Helper()
	in := pipelinetest.Table{Schema: arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)}
	for _, v := range values {
		in.Rows = append(in.Rows, []any{v})
	}
	tr := trial.Build(t, env, privacy.Pseudonymize, "columns = [\"id\"]\nkey = secret.cle\n"+more, nil)
	out, err := trial.Run(t, env, tr, in, 2)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range out.Rows {
		got = append(got, row[0].(string))
	}
	return got
}

func TestPseudonymsMatchWithinAScopeOnly(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(key)
	base := pseudonyms(t, env, "", "Élodie Martin")[0]
	if len(base) != 26 || strings.ToUpper(base) != base {
		t.Errorf("a pseudonym is not 26 capitals and digits: %d", len(base))
	}
	same := []string{
		pseudonyms(t, env, `dataset = "essai"`, "Élodie Martin")[0],
		pseudonyms(t, env, `domain = "id"`, "Élodie Martin")[0],
		pseudonyms(t, env, "", "  e\u0301LODIE   martin")[0],
	}
	for i, p := range same {
		if p != base {
			t.Errorf("scope %d: the same person has two pseudonyms", i)
		}
	}
	other := env
	other.Secrets = secret(key + "2")
	different := map[string]string{base: "the base"}
	for what, p := range map[string]string{
		"dataset":       pseudonyms(t, env, `dataset = "autre"`, "Élodie Martin")[0],
		"domain":        pseudonyms(t, env, `domain = "autre"`, "Élodie Martin")[0],
		"epoch":         pseudonyms(t, env, `epoch = "2024"`, "Élodie Martin")[0],
		"parts moved":   pseudonyms(t, env, "domain = \"i\"\nepoch = \"d\"", "Élodie Martin")[0],
		"parts moved 2": pseudonyms(t, env, "domain = \"id\"\nepoch = \"d\"", "Élodie Martin")[0],
		"value":         pseudonyms(t, env, "", "Elodie Martin")[0],
		"empty":         pseudonyms(t, env, "", "")[0],
		"exact":         pseudonyms(t, env, `canonical = "exact"`, "Élodie Martin")[0],
		"key":           pseudonyms(t, other, "", "Élodie Martin")[0],
	} {
		if twice, ok := different[p]; ok {
			t.Errorf("%s and %s give the same pseudonym", what, twice)
		}
		different[p] = what
	}
}

// Numbers that people write with spaces, in groups or in lower case are one.
func TestIdentifiersAreWrittenOneWay(t *testing.T) {
	data, err := os.ReadFile("../../../shared/data/privacy/french/identifiers.csv")
	if err != nil {
		if _, missing := err.(*fs.PathError); missing {
			t.Skip("the identifiers of the shared data are not here")
		}
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	env := pipelinetest.Env(t)
	env.Secrets = secret(key)
	tried := 0
	for _, row := range rows[1:] {
		if row[0] == "hmac_sha256" {
			continue
		}
		spaced := strings.Join(strings.Split(strings.ToLower(row[1]), ""), "\u00a0")
		got := pseudonyms(t, env, `canonical = "identifier"`, row[1], spaced, row[1]+"-", row[1]+"0")
		if got[0] != got[1] || got[0] != got[2] || got[0] == got[3] {
			t.Errorf("%s number %d has not one pseudonym of its own", row[0], tried+1)
		}
		tried++
	}
	if tried == 0 {
		t.Error("no identifier was tried")
	}
}

func TestAWeakKeyIsRefused(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret("trop courte")
	tr := trial.Build(t, env, privacy.Pseudonymize, "columns = [\"id\"]\nkey = secret.cle", nil)
	in := pipelinetest.Table{Schema: arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.BinaryTypes.String, Nullable: true}}, nil),
		Rows: [][]any{{"a"}}}
	if _, err := trial.Run(t, env, tr, in, 1); !messages.Has(err, messages.WeakKey) || strings.Contains(err.Error(), "courte") {
		t.Errorf("error %v", err)
	}
}
