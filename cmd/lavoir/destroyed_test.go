package main

import (
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/transforms"
)

// Where a key is destroyed a run publishes when the rows, the configuration or the version
// are others than those of what is current, in any order of the rows and with any number
// of workers, and else nothing: plan and run agree. No pseudonym is ever met again.
func TestWhatIsPublishedStaysWhenItsKeyIsGone(t *testing.T) {
	met := draws.Of("published anew", "stayed")
	draws.Check(t, met, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "p")
		if err != nil {
			r.Fatal(err)
		}
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				r.Fatal(err)
			}
		}
		families := []string{}
		for i := range rapid.IntRange(6, 12).Draw(r, "families") {
			families = append(families, fmt.Sprintf("F-%d;%s", i, []string{"Les Lilas", "Le Moulin"}[i%2]))
		}
		write("cle", strings.Repeat("k", 32))
		key := ""
		if rapid.Bool().Draw(r, "key") {
			key = "fingerprint_key = secret.cle"
		}
		codes, current, copied, is := map[string]bool{}, "", "", ""
		for range rapid.IntRange(2, 4).Draw(r, "nights") {
			if rapid.IntRange(0, 2).Draw(r, "one less") == 0 && len(families) > 6 {
				families = families[1:]
			}
			rows := rapid.Permutation(families).Draw(r, "rows")
			write("gardes.csv", "famille;creche\n"+strings.Join(rows, "\n")+"\n")
			k := 2 + rapid.IntRange(0, 3).Draw(r, "k")/3 // of four nights three have one policy
			version := rapid.SampledFrom([]string{"1", "1", "1", "2"}).Draw(r, "version")
			write("gardes.hcl", fmt.Sprintf(destroyedProject, key, rapid.IntRange(1, 3).Draw(r, "workers"), k))
			p, diags := hclfile.Load(dir, pipelines.MustRegistry(connectors.All, transforms.All), hclfile.Options{Now: time.Now})
			if diags.HasErrors() {
				r.Fatal(diags)
			}
			lost := current != "" && rapid.IntRange(0, 9).Draw(r, "lost") == 0 // of one load, what is current
			if lost {
				if err := os.Remove(filepath.Join(dir, "public", "copie", "current.json")); err != nil {
					r.Fatal(err)
				}
			}
			made := fmt.Sprint(slices.Sorted(slices.Values(rows)), k, version)
			pipelines.Plan(t.Context(), &p.Project, pipelines.Selection{}, pipelines.PlanOptions{Connect: true, Version: version, Log: hclog.NewNullLogger()}, func(pl pipelines.Planned) bool {
				// The file was written again: plan takes its rows for others.
				if pl.Err != nil || pl.Change == pipelines.ChangeNone || (pl.Change == pipelines.ChangeNew) != (current == "") && !lost {
					r.Fatalf("%+v", pl)
				}
				return true
			})
			report, diags, err := pipelines.Run(t.Context(), &p.Project, pipelines.Selection{}, pipelines.RunOptions{Version: version, Log: hclog.NewNullLogger(), Now: time.Now, Rand: rand.Reader})
			if err != nil || diags.HasErrors() || report.Tasks[0].Err != nil {
				r.Fatal(err, diags, report.Tasks)
			}
			want := pipelines.Published
			if made == is && !lost {
				want = pipelines.Unchanged
			}
			if got := report.Tasks[0].Outcome; got != want {
				r.Fatalf("%s, want %s: %s, was %s", got, want, made, is)
			}
			now := tree(t, filepath.Join(dir, "public"))
			pipelines.Plan(t.Context(), &p.Project, pipelines.Selection{}, pipelines.PlanOptions{Connect: true, Version: version, Log: hclog.NewNullLogger()}, func(pl pipelines.Planned) bool {
				if pl.Change != pipelines.ChangeNone || pl.Current[0] != report.Tasks[0].Loads[0].Release || pl.Current[1] != report.Tasks[0].Loads[1].Release {
					r.Fatalf("after the run: %+v", pl)
				}
				return true
			})
			// The copy has as many rows of the same persons, at the same time.
			if (now["current.json"] == current) != (want == pipelines.Unchanged) || copied != "" && (now["copie/current.json"] == copied) != (want == pipelines.Unchanged) {
				r.Fatal("the pointers are not as the outcome is")
			}
			current, copied, is = now["current.json"], now["copie/current.json"], made
			if want == pipelines.Unchanged {
				met.Meet("stayed")
				continue
			}
			if len(codes) > 0 {
				met.Meet("published anew")
			}
			drawn := map[string]bool{}
			for _, code := range pseudonymsOf(now["gardes.csv"]) {
				drawn[code] = true
			}
			for code := range drawn {
				if codes[code] {
					r.Fatalf("%s is met again", code)
				}
			}
			if len(drawn) == 0 {
				r.Fatal("there are no pseudonyms")
			}
			maps.Copy(codes, drawn)
		}
	})
}

const destroyedProject = `
project {
  %s
  workers = %d
}
secret "cle" {
  file = "cle"
}
connection "local" "depot" {
  path = "."
}
connection "local" "portail" {
  path = "public"
}
pipeline "gardes" {
  authorization {
    allowed   = true
    reference = "délibération"
  }
  source "file" "export" {
    connection = connection.local.depot
    path       = "gardes.csv"
    format "csv" {
      delimiter = ";"
    }
  }
  privacy {
    subject = "famille"
    identifier "famille" {
      action        = "pseudonym"
      destroy_after = "publish"
    }
    quasi "creche" {}
    model { k = %d }
    gate { supersede = "erase" }
  }
  load "local" "portail" {
    connection = connection.local.portail
    file "csv" {}
  }
  load "local" "copie" {
    connection = connection.local.portail
    prefix     = "copie"
    file "parquet" {}
  }
}
`
