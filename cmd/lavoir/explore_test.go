package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/cli"
	"github.com/lavoir-data/lavoir/transforms"
)

// TestExploreAdult explores ARX's Adult with its hierarchies, as guess reads it and
// as a source block says, and finds ARX's optimum (k = 5, 5 % suppressed, loss).
func TestExploreAdult(t *testing.T) {
	folder, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", "privacy", "arx"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no shared reference data here")
	}
	var quasi strings.Builder
	for _, name := range []string{"sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation", "salary-class"} {
		fmt.Fprintf(&quasi, "quasi %q {\nhierarchy_file = %q\n}\n", name, filepath.ToSlash(filepath.Join(folder, "adult_hierarchy_"+name+".csv")))
	}
	for _, source := range []string{"", "source \"file\" \"adult\" {\nformat \"csv\" {\ndelimiter = \";\"\n}\n}\n"} {
		policy := filepath.Join(t.TempDir(), "adult.hcl")
		if err := os.WriteFile(policy, []byte(source+"privacy \"adult\" {\n"+quasi.String()+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, said bytes.Buffer
		code := cli.Run(t.Context(), pipelines.MustRegistry(connectors.All, transforms.All), []string{"privacy", "explore", filepath.Join(folder, "adult.csv"), "--policy", policy,
			"--k", "5", "--suppression", "0.05", "--metric", "loss", "--output", "json"}, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &said})
		if code != 0 {
			t.Fatalf("exit %d: %s", code, said.String())
		}
		var x pipelines.Exploration
		if err := json.Unmarshal(out.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		o := x.Optimum
		if math.Abs(o.Score-.2419323651) > 1e-9 || !slices.Equal(o.Levels, []int{0, 3, 0, 0, 2, 1, 1, 2, 0}) || o.Suppressed != 1346 || o.Classes != 397 {
			t.Errorf("optimum %+v", o)
		}
		if b := x.Before; b.Classes != 19502 || b.Rows != 30162 || b.Smallest != 1 || math.Abs(b.AverageRisk-19502.0/30162) > 1e-12 {
			t.Errorf("before %+v", b)
		}
		if x.After.Smallest != 5 || x.After.Rows != 30162-1346 {
			t.Errorf("after %+v", x.After)
		}
	}
}
