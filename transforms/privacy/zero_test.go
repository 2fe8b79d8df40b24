package privacy_test

import (
	"context"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// 0 and -0 are one value of a sensitive column, in what the policy decides and in what the
// gate counts in the file: they are no diversity.
func TestZerosAreOneSensitiveValue(t *testing.T) {
	env := pipelinetest.Env(t)
	const rows = "q:text,s:float64\na,0\na,-0\nb,1\nb,2\n"
	body := func(l string) string {
		return "quasi \"q\" {}\nsensitive \"s\" {\ndiversity { l = " + l + " }\n}\nmodel { k = 2 }"
	}
	asked, err := policy(t, env, body("2"))
	if err != nil {
		t.Fatal(err)
	}
	in := table(t, rows)
	first := pipelinetest.Batches(in.Schema, pipelinetest.Cuts()[1].Batches(env.Allocator, in)...)
	_, err = asked.Observe(context.Background(), first)
	first.Close()
	if !messages.Has(err, messages.NoLevels) {
		t.Errorf("the policy says %v", err)
	}
	far, err := policy(t, env, "quasi \"q\" {}\nsensitive \"s\" {\ncloseness { t = 0.9 }\n}\nmodel { k = 2 }")
	if err != nil {
		t.Fatal(err)
	}
	d, got := twoPasses(t, env, far, in, pipelinetest.Cuts()[1])
	if err := asked.(pipelines.Gate).Judge(context.Background(), d, sealed{env, table(t, got)}); !messages.Has(err, messages.GateModel) {
		t.Errorf("the gate says %v of\n%s", err, got)
	}
}
