package privacy_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// Of many who keep a list at once nobody's entry is lost, nor anybody's withdrawal.
func TestAListThatManyKeepAtOnce(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Root, env.Now = t.TempDir(), time.Now
	env.Secrets = secret(strings.Repeat("k", 32))
	opposer := func() pipelines.Opposer {
		p, err := policy(t, env, "public = [\"s\"]\nopposition {\nsource = \"liste.lst\"\nkey = \"nom\"\nsecret = secret.cle\nmax_age = \"30d\"\n}")
		if err != nil {
			t.Fatal(err)
		}
		return p.(pipelines.Opposer)
	}
	const many = 24
	var old, late []string
	for i := range many {
		old, late = append(old, fmt.Sprint("Ancien ", i)), append(late, fmt.Sprint("Nouveau ", i))
	}
	ctx := context.Background()
	if _, total, err := opposer().Oppose(ctx, old, false); err != nil || total != many {
		t.Fatal(total, err)
	}
	var all sync.WaitGroup
	for i := range many {
		for _, keeps := range []struct {
			key      string
			withdraw bool
		}{{late[i], false}, {old[i], true}} {
			o := opposer()
			all.Go(func() {
				changed, _, err := o.Oppose(ctx, []string{keeps.key}, keeps.withdraw)
				if err != nil || !changed[0] {
					t.Error(changed, err)
				}
			})
		}
	}
	all.Wait()
	changed, total, err := opposer().Oppose(ctx, late, true)
	if err != nil || total != 0 {
		t.Fatalf("%d on the list, %v", total, err)
	}
	for i, yes := range changed {
		if !yes {
			t.Errorf("who was entered as number %d was lost", i)
		}
	}
}

// Who may not wait says so at once, and nothing is changed.
func TestAListThatSomebodyElseKeeps(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Root, env.Now = t.TempDir(), time.Now
	env.Secrets = secret(strings.Repeat("k", 32))
	p, err := policy(t, env, "public = [\"s\"]\nopposition {\nsource = \"liste.lst\"\nkey = \"nom\"\nsecret = secret.cle\nmax_age = \"30d\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := p.(pipelines.Opposer).Oppose(ctx, []string{"Zoé"}, false); err == nil {
		t.Error("entered after the command was ended")
	}
}
