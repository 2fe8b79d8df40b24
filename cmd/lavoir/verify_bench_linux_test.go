package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/transforms"
)

// reading is a privacy stage that reads a file to its end where the policy judges it.
type reading struct{ pipelines.Privacy }

func (reading) AuditFile(ctx context.Context, f pipelines.SealedFile) (*pipelines.Audit, error) {
	in, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return &pipelines.Audit{}, pipelines.Each(ctx, in, func(b pipelines.Batch) error { b.Release(); return nil })
}

// BenchmarkVerify gives how fast a file is judged by a policy, next to reading it with
// the same reader, in turns: at least 0.8 is what is promised.
func BenchmarkVerify(b *testing.B) {
	const rows = 1_000_000
	dir := b.TempDir()
	write(b, dir, "lavoir.hcl", verifyProject)
	os.Mkdir(filepath.Join(dir, "depot"), 0o700)
	f, err := os.Create(filepath.Join(dir, "depot", "agents.csv"))
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(f)
	fmt.Fprintln(out, "age;service;commune;grade;sexe;prime")
	for i := range rows {
		x := uint64(i) * 0x9e3779b97f4a7c15 >> 16
		fmt.Fprintf(out, "%d;Service %02d;350%02d;%c;%c;%d,%02d\n", 18+x%46, x>>8%20, x>>16%30, 'A'+x>>24%4, "FM"[x>>32%2], x>>40%3000, x%100)
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	f.Close()
	if last := measure(b, dir, "run"); last.code != 0 {
		b.Fatal(last.out)
	}
	for _, name := range []string{"agents.csv", "agents.parquet"} {
		b.Run(filepath.Ext(name)[1:], func(b *testing.B) {
			path := filepath.Join(dir, "public", "agents", name)
			read := auditing(b, dir, name, path, true)
			verify := auditing(b, dir, name, path, false)
			var took, cpu [2]time.Duration
			b.ResetTimer()
			for range b.N {
				for i, do := range []func(){read, verify} {
					start, before := time.Now(), processorTime(b)
					do()
					took[i], cpu[i] = took[i]+time.Since(start), cpu[i]+processorTime(b)-before
				}
			}
			b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "ratio")
			b.ReportMetric(cpu[0].Seconds()/cpu[1].Seconds(), "cpu-ratio")
			b.ReportMetric(cpu[0].Seconds()/float64(b.N), "read-cpu-s")
			b.ReportMetric(cpu[1].Seconds()/float64(b.N), "verify-cpu-s")
			b.ReportMetric(took[0].Seconds()/float64(b.N), "read-s")
			b.ReportMetric(took[1].Seconds()/float64(b.N), "verify-s")
		})
	}
}

// processorTime is that of this process, which a busy machine disturbs less than the
// time on the clock.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// auditing judges the file, or reads it alone.
func auditing(b *testing.B, dir, name, path string, alone bool) func() {
	b.Helper()
	all := make([]pipelines.Component, len(transforms.All))
	for i, c := range transforms.All {
		all[i] = c
		if c.Kind == pipelines.KindPrivacy && alone {
			all[i] = pipelines.Define(c.Kind, c.Name, c.Doc, c.New(), func(env pipelines.Env, config any) (pipelines.Privacy, error) {
				p, err := c.Build(env, config)
				if err != nil {
					return nil, err
				}
				return reading{p.(pipelines.Privacy)}, nil
			})
		}
	}
	reg := pipelines.MustRegistry(connectors.All, all)
	format := filepath.Ext(name)[1:]
	folder := filepath.Join(dir, "verify-"+format+fmt.Sprint(alone))
	os.Mkdir(folder, 0o700)
	write(b, folder, "lavoir.hcl", fmt.Sprintf(verifyPolicy, filepath.ToSlash(filepath.Dir(path)), name, format))
	p, diags := hclfile.Load(folder, reg, hclfile.Options{Now: time.Now})
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	var task *pipelines.Task
	if diags := p.Tasks(pipelines.Selection{}, func(t pipelines.Task) bool { task = &t; return false }); diags.HasErrors() {
		b.Fatal(diags)
	}
	return func() {
		x, err := pipelines.AuditTask(context.Background(), reg, &p.Project, *task, path,
			pipelines.RunOptions{Version: "test", Log: hclog.NewNullLogger(), Now: time.Now, Rand: rand.Reader})
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range x.Findings {
			if !f.OK {
				b.Fatal(f)
			}
		}
		if !alone && x.Classes < 100 {
			b.Fatalf("%+v", x)
		}
	}
}

const verifyModel = `
  quasi "age" {
    bands     = [18, 30, 45, 65]
    min_level = 1
    max_level = 1
  }
  quasi "service" {}
  quasi "commune" {}
  quasi "sexe" {}
  sensitive "grade" {
    diversity { l = 2 }
  }
  public = ["prime"]
  model {
    k                 = 5
    suppression_limit = 0.5
  }
`

const verifyProject = `
connection "local" "depot" {
  path = "depot"
}
connection "local" "public" {
  path = "public"
}
pipeline "agents" {
  authorization {
    allowed   = true
    reference = "2024-1"
  }
  source "file" "agents" {
    connection = connection.local.depot
    path       = "agents.csv"
    format "csv" {
      delimiter = ";"
      decimal   = ","
      columns   = { age = int64, service = text, commune = text, grade = text, sexe = text, prime = decimal(8, 2) }
    }
    not_personal = { age = "bands leave", commune = "few", sexe = "few" }
  }
  privacy {` + verifyModel + `  }
  load "local" "portail" {
    connection = connection.local.public
    prefix     = "agents"
    file "parquet" {}
    file "csv" {}
  }
}
`

const verifyPolicy = `
connection "local" "public" {
  path = "%s"
}
pipeline "agents" {
  source "file" "agents" {
    connection = connection.local.public
    path       = "%s"
    format "%s" {
      columns = { age = text, service = text, commune = text, grade = text, sexe = text, prime = decimal(8, 2) }
    }
  }
  privacy {` + verifyModel + `  }
}
`
